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
import { type Answer, asks, misread, overheard, readMode, remember, remembered, settled, type Wish } from './consent.ts';
import type { SwarmEvents } from './events.ts';
import type { SwarmOptions } from './options.ts';
import type { Stats } from './stats.ts';
import { misreadLimit, readLimit, rememberedTerms } from './terms.ts';
import { Tidings } from './tidings.ts';

const LOOK_MILLIS = 500;

export interface Swarm extends EventTarget {
  readonly stats: Stats;
  /** Begins to share with others, or ends that: playback goes on. */
  share(mode: Wish): void;
  /** Tells whether more media is to come: if the broadcaster sends none, to stand still is no stall. At first it is. */
  expect(more: boolean): void;
  close(): void;
  addEventListener<Name extends keyof SwarmEvents>(name: Name, react: (event: CustomEvent<SwarmEvents[Name]>) => void, options?: AddEventListenerOptions | boolean): void;
  addEventListener(name: string, react: EventListenerOrEventListenerObject | null, options?: AddEventListenerOptions | boolean): void;
  removeEventListener<Name extends keyof SwarmEvents>(name: Name, react: (event: CustomEvent<SwarmEvents[Name]>) => void, options?: EventListenerOptions | boolean): void;
  removeEventListener(name: string, react: EventListenerOrEventListenerObject | null, options?: EventListenerOptions | boolean): void;
}

export function attachSwarm(hls: Hls, options: SwarmOptions = {}): Swarm {
  for (const what of [misread(options.p2p ?? null), misreadLimit(options.maxUploadKbps)]) if (what !== null) console.warn(what);
  let wish: Wish = readMode(options.p2p ?? null); // of the page
  let mode = settled(wish, remembered(), rememberedTerms().relayed);
  let unasked = options.consent;
  const most = (): number => Math.min(readLimit(options.maxUploadKbps), rememberedTerms().most);
  let told = most();
  const bounded = Object.create(options, { maxUploadKbps: { get: most } }) as SwarmOptions;
  const attached = attach(hls, bounded, mode, passOf(options, () => hls.url ?? ''));
  const heard = new EventTarget();
  const tidings = new Tidings(heard);

  const hear = (answer: Answer | null): void => {
    mode = settled(wish, answer, rememberedTerms().relayed);
    attached.share(mode);
  };
  const deafen = overheard(hear);

  // keep to the terms, which may have changed.
  const keep = (): void => {
    if (told !== most()) {
      told = most();
      attached.lend();
    }
    if (mode === 'on' || mode === 'relay-only') hear('yes');
  };

  const ask = async (consent: () => boolean | Promise<boolean>): Promise<void> => {
    const answer = (await consent()) ? 'yes' : 'no';
    remember(answer);
    if (asks(wish)) hear(answer); // else the page has decided meanwhile
  };

  const timer = setInterval(() => {
    const { stats } = attached;
    tidings.note(performance.now(), stats);
    keep();
    if (mode !== 'ask' || !unasked || stats.startupMillis === 0 || attached.prospect.look() !== null) return;
    ask(unasked).catch((error: unknown) => console.warn('shoal: the viewer was not asked, and shares nothing:', error));
    unasked = undefined;
  }, LOOK_MILLIS);

  return Object.defineProperties(heard, Object.getOwnPropertyDescriptors({
    get stats(): Stats {
      return attached.stats;
    },
    share(next: Wish): void {
      if (!asks(next)) deafen(); // the page has decided, whatever is said elsewhere
      wish = next;
      hear(null);
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
