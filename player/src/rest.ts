// When to leave the swarm for a while, because the machine has no time for it, and when to join again: when it has
// rested, and timers are on time. Who has to rest again soon rests twice as long. Others may see other reasons to rest.

import type { Pulse } from './pulse.ts';

const FIRST = 8_000; // milliseconds, and up to half as long again, so that not all who share a machine come back at once
const LONGEST = 960_000;
const SOON = 600_000;
const PATIENCE = 60_000; // it is not waited longer for timers that are on time, unless they are late indeed

export class Rest {
  times = 0; // that it was taken
  readonly #pulse: Pulse;
  readonly #chance: () => number;
  #millis = 0; // of the last one
  #until = -Infinity;

  // chance returns 0 to less than 1.
  constructor(pulse: Pulse, chance: () => number = Math.random) {
    this.#pulse = pulse;
    this.#chance = chance;
  }

  // wanted tells whether to leave, and if so takes the rest to have begun.
  wanted(now: number): boolean {
    if (!this.#pulse.failing) return false;
    this.begin(now, FIRST);
    return true;
  }

  // begin takes a rest to have begun, of so many milliseconds or more.
  begin(now: number, millis: number): void {
    this.times++;
    this.#millis = now - this.#until > SOON ? millis : Math.max(millis, Math.min(LONGEST, 2 * this.#millis));
    this.#until = now + this.#millis * (1 + this.#chance() / 2);
  }

  // over tells whether to join again.
  over(now: number): boolean {
    if (now < this.#until || this.#pulse.busy || !this.#pulse.calm && now < this.#until + PATIENCE) return false;
    this.#pulse.forget();
    return true;
  }
}
