// attachSwarm gives the swarm to an hls.js that a page already has:
//
//   const hls = new Hls({ ...LIVE });
//   const swarm = attachSwarm(hls, { consent: () => confirm('Share this video with other viewers?') });
//   hls.loadSource('/live/NAME/index.m3u8');
//   hls.attachMedia(video);
//   ... swarm.stats.offload ...; swarm.close();
//
// It stands before loadSource. Unless the page says that its viewers share, nothing is shared before this one has said yes: to the page's
// own question, or before, to <shoal-player> at this origin. A no is as good. Meanwhile all comes from the edge. Where there would be no swarm anyway,
// nobody is asked.

import type Hls from 'hls.js';
import { attach, passOf } from './attach.ts';
import { type Answer, misread, type Mode, overheard, readMode, remember, remembered, settled } from './consent.ts';
import type { SwarmEvents } from './events.ts';
import type { SwarmOptions } from './options.ts';
import type { Stats } from './stats.ts';
import { Tidings } from './tidings.ts';

const LOOK_MILLIS = 500;

export interface Swarm extends EventTarget {
  readonly stats: Stats;
  /** Begins to share with others, or ends that: playback goes on. */
  share(mode: Mode): void;
  /** Tells whether more media is to come: if the broadcaster sends none, to stand still is no stall. At first it is. */
  expect(more: boolean): void;
  close(): void;
  addEventListener<Name extends keyof SwarmEvents>(name: Name, react: (event: CustomEvent<SwarmEvents[Name]>) => void, options?: AddEventListenerOptions | boolean): void;
  addEventListener(name: string, react: EventListenerOrEventListenerObject | null, options?: AddEventListenerOptions | boolean): void;
  removeEventListener<Name extends keyof SwarmEvents>(name: Name, react: (event: CustomEvent<SwarmEvents[Name]>) => void, options?: EventListenerOptions | boolean): void;
  removeEventListener(name: string, react: EventListenerOrEventListenerObject | null, options?: EventListenerOptions | boolean): void;
}

export function attachSwarm(hls: Hls, options: SwarmOptions = {}): Swarm {
  const what = misread(options.p2p ?? null);
  if (what !== null) console.warn(what);
  let wish = readMode(options.p2p ?? null); // of the page
  let mode = settled(wish, remembered());
  let unasked = options.consent;
  const attached = attach(hls, options, mode, passOf(options, () => hls.url ?? ''));
  const heard = new EventTarget();
  const tidings = new Tidings(heard);

  const hear = (answer: Answer | null): void => {
    mode = settled(wish, answer);
    attached.share(mode);
  };
  const deafen = overheard(hear);

  const ask = async (consent: () => boolean | Promise<boolean>): Promise<void> => {
    const answer = (await consent()) ? 'yes' : 'no';
    remember(answer);
    if (wish === 'ask') hear(answer); // else the page has decided meanwhile
  };

  const timer = setInterval(() => {
    const { stats } = attached;
    tidings.note(performance.now(), stats);
    if (mode !== 'ask' || !unasked || stats.startupMillis === 0 || attached.prospect.look() !== null) return;
    ask(unasked).catch((error: unknown) => console.warn('shoal: the viewer was not asked, and shares nothing:', error));
    unasked = undefined;
  }, LOOK_MILLIS);

  return Object.defineProperties(heard, Object.getOwnPropertyDescriptors({
    get stats(): Stats {
      return attached.stats;
    },
    share(next: Mode): void {
      if (next !== 'ask') deafen(); // the page has decided, whatever is said elsewhere
      wish = mode = next;
      attached.share(next);
    },
    expect: (more: boolean) => attached.expect(more),
    close(): void {
      clearInterval(timer);
      deafen();
      wish = mode = 'off'; // an answer that comes later is remembered, and begins nothing
      attached.close();
    },
  })) as Swarm;
}
