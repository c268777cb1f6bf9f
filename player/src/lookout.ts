// Twice a second it is looked whether the picture stands still, and whether a viewer who follows the live edge is still near it; and what helps is done.

import type { Feed } from './feed.ts';
import type { Inquiry } from './inquiry.ts';
import type { Playhead } from './playhead.ts';
import { Standing } from './standing.ts';
import type { Timeline } from './timeline.ts';
import type { Will } from './will.ts';

export interface LookoutEvents {
  wanted(): boolean; // there is something that should move
  live(): boolean; // as far as is known
  more(more: boolean): void; // media is to come than is listed, or none
  plays(): void;
  ends(): void; // all was played, whether the element says so or not
  load(): void; // the stream, anew
}

const MILLIS = 500;
const AT_END_SECONDS = 1; // tracks end at different times: an element may never say that it has ended

export class Lookout {
  readonly standing = new Standing();
  readonly #video: HTMLVideoElement;
  readonly #feed: Feed;
  readonly #timeline: Timeline;
  readonly #playhead: Playhead;
  readonly #inquiry: Inquiry;
  readonly #will: Will;
  readonly #signal: AbortSignal;
  readonly #events: LookoutEvents;
  #reaching = false; // it is being found out whether there is a server to load from

  constructor(video: HTMLVideoElement, feed: Feed, timeline: Timeline, playhead: Playhead, inquiry: Inquiry, will: Will, signal: AbortSignal, events: LookoutEvents) {
    this.#video = video;
    this.#feed = feed;
    this.#timeline = timeline;
    this.#playhead = playhead;
    this.#inquiry = inquiry;
    this.#will = will;
    this.#signal = signal;
    this.#events = events;
    const beat = setInterval(() => this.#look(), MILLIS);
    signal.addEventListener('abort', () => clearInterval(beat));
  }

  // far tells whether a place is far from the end.
  far(time: number): boolean {
    return (this.#timeline.span?.to ?? 0) - time >= AT_END_SECONDS;
  }

  #look(): void {
    const { currentTime: time, paused, readyState } = this.#video;
    this.#playhead.following.see();
    const now = performance.now();
    const { complete, edge } = this.#timeline;
    if (this.#feed.hls && (complete || !this.#timeline.atEnd)) this.#events.more(!complete);
    switch (this.standing.look(now, { time, paused, wanted: this.#events.wanted(), live: this.#events.live(), edge })) {
      case 'ask':
        if (complete && edge - time < AT_END_SECONDS) this.#events.ends();
        else void this.#inquiry.explain();
        return;
      case 'play':
        this.#will.play();
        return;
      case 'live':
        if (!this.#inquiry.lost && this.#playhead.stir()) this.#will.play();
        return;
      case 'anew':
        void this.#anew();
        return;
    }
    if (this.standing.asked) return;
    if (!paused && time > 0 && readyState >= 3) this.#events.plays();
    if (this.#playhead.following.fallen(now, paused || this.#timeline.vod ? 0 : this.#timeline.behind)) this.#playhead.goLive();
  }

  // anew loads the stream again, once its server is reached, if the picture stands then still: until then the last one is better than none.
  async #anew(): Promise<void> {
    if (this.#reaching) return;
    this.#reaching = true;
    const reached = !this.#inquiry.lost || (await this.#inquiry.reached());
    this.#reaching = false;
    if (reached && !this.#signal.aborted && this.standing.still && this.#events.wanted()) this.#events.load();
  }
}
