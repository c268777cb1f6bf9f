// A viewer who comes when the stream is over: it is said at once, and what is left of it is kept from being loaded. That it is over is told by the playlist, or
// by the server, which is asked meanwhile, as a playlist may not tell.

import { describeLive } from './attach.ts';
import type { Pass } from './pass.ts';
import type { Remains } from './remains.ts';
import type { Timeline } from './timeline.ts';

export interface LatecomerEvents {
  unseen(): boolean; // nothing of the stream was shown yet
  missed(): void; // it was over when the viewer came
}

export class Latecomer {
  readonly #src: string;
  readonly #name: string; // of the stream; '' for what is none of this server
  readonly #timeline: Timeline;
  readonly #remains: Remains;
  readonly #events: LatecomerEvents;
  #loads = 0; // times that the stream was loaded anew

  constructor(src: string, name: string, timeline: Timeline, remains: Remains, events: LatecomerEvents) {
    this.#src = src;
    this.#name = name;
    this.#timeline = timeline;
    this.#remains = remains;
    this.#events = events;
  }

  // ask the server, while the stream is loaded for the first time. The answer may be late: it takes no picture away, and says nothing of what was loaded since.
  async ask(pass: Pass, signal: AbortSignal): Promise<void> {
    const loads = this.#loads;
    const stream = await describeLive(this.#src, this.#name, signal, pass).catch(() => null);
    if (stream?.state === 'ended' && !signal.aborted && loads === this.#loads && this.#events.unseen()) this.#miss();
  }

  // listed: media is. Of a stream that has an end by now, and of which nothing was seen here, that is all there is.
  listed(): void {
    const { kept, seen } = this.#remains;
    if (kept || (!seen && this.#timeline.complete && !this.#timeline.vod && this.#name !== '' && this.#events.unseen())) this.#miss();
  }

  // anew: the stream is loaded anew, and may be on again.
  anew(): void {
    this.#loads++;
    this.#remains.forget();
  }

  #miss(): void {
    this.#remains.keep();
    this.#events.missed();
  }
}
