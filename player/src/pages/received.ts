// What the server receives, of the studio or of OBS, as a picture beside it.

import { Monitor } from '../studio/monitor.ts';
import { Whep } from '../studio/whep.ts';
import { WhipError } from '../studio/whip.ts';
import { find, list } from './api.ts';
import { figure } from './language.ts';
import { told, type Words } from './words/studio.ts';

// refusal is why there is no picture: of who gave no key, and is refused, that it is missing. Some servers show it without one (-whep open).
export function refusal(error: unknown, key: string, missing: string): unknown {
  return key === '' && error instanceof WhipError && error.wrongKey ? new Error(missing) : error;
}

// showReceived does so while the button is pressed. The key is what stands in its field then.
export function showReceived(name: string, key: () => string, said: Words): void {
  const look = find<HTMLButtonElement>('#look');
  const received = find<HTMLVideoElement>('#received');
  const missing = find('#missing');

  const monitor = new Monitor({
    play: (state) => Whep.play(`/whep/${name}`, key(), state).catch((error: unknown) => { throw refusal(error, key(), said.noKey(said.whence(name))); }),
    picture(stream) {
      received.srcObject = stream;
      find('#seen').hidden = find('#late').hidden = stream === null;
      look.setAttribute('aria-pressed', String(monitor.wanted));
      look.textContent = monitor.wanted ? said.hide : said.see;
    },
    say(what) {
      missing.textContent = told(said, what);
      missing.hidden = what === '';
    },
    still: (is) => find('#seen').classList.toggle('still', is),
  });

  look.addEventListener('click', () => void (monitor.wanted ? monitor.close() : monitor.open()));
  window.addEventListener('pagehide', () => void monitor.close());

  const tick = async (): Promise<void> => {
    const got = await monitor.received();
    if (!got) return;
    const late = got.delayMillis === null ? '–' : `${figure(Math.max(0, got.delayMillis) / 1000, 2)} s`;
    const rows: [string, string][] = [[said.behindServer, late], [said.picture, got.height ? `${got.width} × ${got.height}` : '–'], [said.frames, said.fps(Math.round(got.framesPerSecond))]];
    list(find('#late'), monitor.still ? rows.map(([what]) => [what, '–']) : rows);
  };
  setInterval(() => void tick(), 500);
}
