// Playing slower than at normal speed, which hls.js does not do: to fall back from live, or to stretch what is buffered. Of those who ask the one
// that wants it slowest is followed, and hls.js is kept from the rate meanwhile. A rate that the page or the viewer has chosen stays.

import type Hls from 'hls.js';

export class Pace {
  readonly #hls: Hls;
  readonly #asked = new Map<object, number>();
  #fastest = 0; // that hls.js may play, while it is kept from it; 0: it is not
  #rate = 1; // that was set here

  constructor(hls: Hls) {
    this.#hls = hls;
  }

  // free: hls.js sets the rate, and nobody else does.
  get free(): boolean {
    const { media, config } = this.#hls;
    return media !== null && this.#fastest === 0 && config.maxLiveSyncPlaybackRate > 1 && media.playbackRate >= 1 && media.playbackRate <= config.maxLiveSyncPlaybackRate;
  }

  // ask wants it played at a rate below 1, if that may be. It returns whether it is.
  ask(who: object, rate: number): boolean {
    if (this.#fastest === 0 && !this.free) return false;
    this.#asked.set(who, rate);
    this.#set();
    return true;
  }

  // give up what was asked for. When nobody asks, hls.js has its way again.
  give(who: object): void {
    if (this.#asked.delete(who)) this.#set();
  }

  #set(): void {
    const { media, config } = this.#hls;
    const ours = this.#fastest === 0 || media?.playbackRate === this.#rate;
    const rate = Math.min(1, ...this.#asked.values());
    if (this.#asked.size === 0) {
      config.maxLiveSyncPlaybackRate = this.#fastest;
      this.#fastest = 0;
    } else if (this.#fastest === 0) {
      this.#fastest = config.maxLiveSyncPlaybackRate;
      config.maxLiveSyncPlaybackRate = 1; // hls.js then leaves the rate alone
    }
    if (media && ours) media.playbackRate = rate;
    this.#rate = rate;
  }
}
