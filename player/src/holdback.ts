// How far behind the live edge a viewer plays: PART-HOLD-BACK is the least that a server allows; the swarm, and a busy
// machine, want some time to spare; and a cell that is fed by another wants the time that this takes. What a page has
// set itself stays.
//
// hls.js catches up by itself, by playing a little faster. Falling back it knows only by a stall: here it is done by
// playing a little slower.

import type Hls from 'hls.js';

const SPARE = 1.5; // in terms of PART-HOLD-BACK
const STEP = 0.1; // seconds; what changes by less is no change
const SLOWLY = 0.95;

export class HoldBack {
  readonly #hls: Hls;
  readonly #further: () => number;
  #least = 0;
  #target = 0;
  #fastest = 0; // that hls.js may play, while it is kept from it; 0: it is not

  // further tells how much further behind to play, in milliseconds.
  constructor(hls: Hls, further: () => number) {
    this.#hls = hls;
    this.#further = further;
  }

  // look is called with each playlist.
  look(text: string): void {
    const hls = this.#hls;
    const { liveSyncDuration, liveSyncDurationCount } = hls.userConfig;
    if (liveSyncDuration || liveSyncDurationCount || !hls.config.lowLatencyMode) return;
    this.#least = Number(/[:,]PART-HOLD-BACK=([\d.]+)/.exec(text)?.[1] ?? 0) || this.#least;
    if (this.#least === 0) return;
    const further = STEP * Math.round(this.#further() / 1000 / STEP);
    const target = this.#least * SPARE + further;
    const before = this.#target;
    if (Math.abs(target - before) > STEP / 2) {
      this.#target = hls.targetLatency = target;
      if (before > 0 && target > before) this.#slow();
    }
    if (this.#fastest > 0 && hls.latency > this.#target - STEP) this.close();
  }

  // close lets hls.js have its way again.
  close(): void {
    if (this.#fastest === 0) return;
    this.#hls.config.maxLiveSyncPlaybackRate = this.#fastest;
    this.#fastest = 0;
    const { media } = this.#hls;
    if (media?.playbackRate === SLOWLY) media.playbackRate = 1;
  }

  #slow(): void {
    const { media, config } = this.#hls;
    if (!media || this.#fastest > 0 || config.maxLiveSyncPlaybackRate <= 1 || media.playbackRate !== 1) return;
    this.#fastest = config.maxLiveSyncPlaybackRate;
    config.maxLiveSyncPlaybackRate = 1; // hls.js then leaves the rate alone
    media.playbackRate = SLOWLY;
  }
}
