// What is left of a stream that was over when its viewer came. It is not loaded: to play it, and then to say that it is over, would be a broadcast that begins
// and breaks off. It is played for who wants to see it.

import type Hls from 'hls.js';

export class Remains {
  readonly #hls: () => Hls | null;
  #kept = false;

  constructor(hls: () => Hls | null) {
    this.#hls = hls;
  }

  // kept: there are some, and they are not played.
  get kept(): boolean {
    return this.#kept;
  }

  // keep them from being loaded. hls.js begins to by itself when it comes to know of them: then this is called again.
  keep(): void {
    this.#kept = true;
    this.#hls()?.stopLoad();
  }

  // play them, from a place on.
  play(from: number): void {
    const hls = this.#hls();
    if (!this.#kept || !hls) return;
    this.#kept = false;
    hls.startLoad(Math.max(from, hls.latestLevelDetails?.fragmentStart ?? 0));
  }

  // forget them: it is loaded anew.
  forget(): void {
    this.#kept = false;
  }
}
