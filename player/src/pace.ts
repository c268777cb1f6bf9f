// How fast it is played: nobody else sets the rate but hls.js, which plays a little faster to come near live, and is kept from it while something else is
// wished. Slower, to fall back from live, or to stretch what is buffered: of those who ask the one that wants it slowest is followed. Or steadily, at normal
// speed, as a viewer wants it who has gone back: that comes before all that is asked. A rate that the page or the viewer has chosen stays.
//
// An element that is taken away is given back at normal speed; what is wished is then for the next one.

import type Hls from 'hls.js';
import type { Events } from 'hls.js';

const DETACHING = 'hlsMediaDetaching' as Events.MEDIA_DETACHING;
const ATTACHED = 'hlsMediaAttached' as Events.MEDIA_ATTACHED;

export class Pace {
  readonly #hls: Hls;
  readonly #asked = new Map<object, number>();
  readonly #steadily = new Set<object>();
  #fastest = 0; // that hls.js may play, while it is kept from it; 0: it is not
  #rate = 1; // that was set here

  constructor(hls: Hls) {
    this.#hls = hls;
    hls.on(DETACHING, this.#detach);
    hls.on(ATTACHED, this.#attach);
  }

  // ask wants it played at a rate below 1, if that may be. It returns whether it is.
  ask(who: object, rate: number): boolean {
    if (this.#steadily.size > 0 || (this.#fastest === 0 && !this.#free)) return false;
    this.#asked.set(who, rate);
    this.#set();
    return true;
  }

  // steady wants it played at normal speed, whatever others ask for.
  steady(who: object): void {
    if (this.#steadily.has(who) || (this.#fastest === 0 && this.#hls.config.maxLiveSyncPlaybackRate <= 1)) return;
    this.#steadily.add(who);
    this.#set();
  }

  // give up what was wished. When nobody wishes anything, hls.js has its way again.
  give(who: object): void {
    const asked = this.#asked.delete(who);
    if (this.#steadily.delete(who) || asked) this.#set();
  }

  close(): void {
    this.#hls.off(DETACHING, this.#detach);
    this.#hls.off(ATTACHED, this.#attach);
    if (this.#fastest === 0) return;
    this.#asked.clear();
    this.#steadily.clear();
    this.#set();
  }

  // free: hls.js sets the rate, and nobody else does.
  get #free(): boolean {
    const { media, config } = this.#hls;
    return media !== null && config.maxLiveSyncPlaybackRate > 1 && media.playbackRate >= 1 && media.playbackRate <= config.maxLiveSyncPlaybackRate;
  }

  #set(): void {
    const { media, config } = this.#hls;
    const ours = this.#fastest === 0 ? this.#free : media?.playbackRate === this.#rate;
    const rate = this.#steadily.size > 0 ? 1 : Math.min(1, ...this.#asked.values());
    if (this.#asked.size + this.#steadily.size === 0) {
      config.maxLiveSyncPlaybackRate = this.#fastest;
      this.#fastest = 0;
    } else if (this.#fastest === 0) {
      this.#fastest = config.maxLiveSyncPlaybackRate;
      config.maxLiveSyncPlaybackRate = 1; // hls.js then leaves the rate alone
    }
    if (media && ours) media.playbackRate = rate;
    this.#rate = rate;
  }

  readonly #detach = (): void => {
    const { media } = this.#hls;
    if (this.#fastest > 0 && media?.playbackRate === this.#rate) media.playbackRate = 1;
  };

  readonly #attach = (): void => {
    const { media } = this.#hls;
    if (this.#fastest > 0 && media?.playbackRate === 1) media.playbackRate = this.#rate;
  };
}
