// When to leave the swarm for a while, because the machine has no time for it, and when to join again: when it has
// rested, twice as long each time, and timers are on time.

import type { Pulse } from './pulse.ts';

const FIRST = 30_000; // milliseconds, and up to half as long again, so that not all who share a machine come back at once
const LONGEST = 960_000;

export class Rest {
  times = 0; // that it was taken
  readonly #pulse: Pulse;
  readonly #chance: () => number;
  #until = 0;

  // chance returns 0 to less than 1.
  constructor(pulse: Pulse, chance: () => number = Math.random) {
    this.#pulse = pulse;
    this.#chance = chance;
  }

  // wanted tells whether to leave, and if so takes the rest to have begun.
  wanted(now: number): boolean {
    if (!this.#pulse.failing) return false;
    const millis = Math.min(LONGEST, FIRST * 2 ** this.times++);
    this.#until = now + millis * (1 + this.#chance() / 2);
    return true;
  }

  // over tells whether to join again.
  over(now: number): boolean {
    if (now < this.#until || !this.#pulse.calm) return false;
    this.#pulse.forget();
    return true;
  }
}
