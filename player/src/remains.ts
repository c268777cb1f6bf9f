// What is left of a stream that was over when its viewer came. It is not loaded: to play it, and then to say that it is over, would be a broadcast that begins
// and breaks off. It is played for who wants to see it.

import type Hls from 'hls.js';

export class Remains {
  readonly #hls: () => Hls | null;
  #kept = false;
  #seen = false;

  constructor(hls: () => Hls | null) {
    this.#hls = hls;
  }

  // kept: there are some, and they are not played.
  get kept(): boolean {
    return this.#kept;
  }

  // seen: somebody wanted to see them.
  get seen(): boolean {
    return this.#seen;
  }

  // keep them from being loaded. hls.js begins to by itself when it comes to know of them: then this is called again. Before, it is let go on, or
  // there would be nothing to play.
  keep(): void {
    this.#kept = true;
    const hls = this.#hls();
    if (hls?.latestLevelDetails) hls.stopLoad();
  }

  // play them, from a place on.
  play(from: number): void {
    const hls = this.#hls();
    if (!this.#kept || !hls) return;
    this.#kept = false;
    this.#seen = true;
    hls.startLoad(Math.max(from, hls.latestLevelDetails?.fragmentStart ?? 0));
  }

  // forget them: it is loaded anew.
  forget(): void {
    this.#kept = this.#seen = false;
  }
}
