// How far behind the live edge a viewer plays: PART-HOLD-BACK is the least that a server allows; the swarm, and a busy
// machine, want some time to spare; and a cell that is fed by another wants the time that this takes. What a page has
// set itself stays.
//
// What peers send comes a little later than from the edge, so that less is in the buffer. Where that runs low, because the machine
// or uplinks are busy, a cushion is laid in: a tenth of a second more to spare each time, taken away again when it has not been
// needed for a while. Who is alone needs none: nothing comes later than it would without the swarm.
//
// hls.js catches up by itself, by playing a little faster. Falling back it knows only by a stall: here it is done by
// playing a little slower.

import type Hls from 'hls.js';
import type { Pace } from './pace.ts';

const SPARE = 1.5; // in terms of PART-HOLD-BACK
const STEP = 0.1; // seconds; what changes by less is no change
const SLOWLY = 0.95;
const LOW = 0.5; // seconds of buffer, at its lowest: then more is wanted
const PLENTY = 0.8; // then less will do
const CUSHION = 0.4; // at most
const EVERY = 2000; // milliseconds: how often the cushion grows
const UNUSED = 30000; // how long it was not needed before it shrinks

export interface HoldBackEvents {
  further(): number; // how much further behind to play, milliseconds
  buffered(): number; // seconds before the playhead
  swarming(): boolean; // there are peers
}

export class HoldBack {
  readonly #hls: Hls;
  readonly #pace: Pace;
  readonly #events: HoldBackEvents;
  #least = 0;
  #target = 0;
  #slows = false;
  #cushion = 0; // seconds
  #lowest = Infinity; // buffer, since `since`
  #since = 0;
  #neededAt = 0;

  constructor(hls: Hls, pace: Pace, events: HoldBackEvents) {
    this.#hls = hls;
    this.#pace = pace;
    this.#events = events;
  }

  // look is called with each playlist.
  look(text: string): void {
    const hls = this.#hls;
    const { liveSyncDuration, liveSyncDurationCount } = hls.userConfig;
    if (liveSyncDuration || liveSyncDurationCount || !hls.config.lowLatencyMode) return;
    this.#least = Number(/[:,]PART-HOLD-BACK=([\d.]+)/.exec(text)?.[1] ?? 0) || this.#least;
    if (this.#least === 0) return;
    this.#tendCushion(performance.now());
    const further = STEP * Math.round((this.#events.further() / 1000 + this.#cushion) / STEP);
    const target = this.#least * SPARE + further;
    const before = this.#target;
    if (Math.abs(target - before) > STEP / 2) {
      this.#target = hls.targetLatency = target;
      if (before > 0 && target > before) this.#slow();
    }
    if (this.#slows && hls.latency > this.#target - STEP) this.close();
  }

  // close lets hls.js have its way again.
  close(): void {
    this.#slows = false;
    this.#pace.give(this);
  }

  // tendCushion is called when the next part is awaited: the buffer is about to be at its lowest.
  #tendCushion(now: number): void {
    this.#lowest = Math.min(this.#lowest, this.#events.buffered());
    if (now - this.#since < EVERY) return;
    const swarming = this.#events.swarming();
    if (swarming && this.#lowest < PLENTY) this.#neededAt = now;
    if (swarming && this.#lowest < LOW) this.#cushion = Math.min(CUSHION, this.#cushion + STEP);
    else if (now - this.#neededAt > UNUSED) {
      this.#cushion = Math.max(0, this.#cushion - STEP);
      this.#neededAt = now;
    }
    this.#lowest = Infinity;
    this.#since = now;
  }

  #slow(): void {
    this.#slows ||= this.#pace.ask(this, SLOWLY);
  }
}
