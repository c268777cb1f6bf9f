// The uplink that this viewer lends, learned from what happens to what is sent: while it does not drain, we offer half
// as much; while it does, a little more each time, up to the most. Nobody measures it: a queue that stands says enough.

export const MOST = 500; // units of 10 kbit/s, as wire.Member has it
const LEAST = 25;
const STANDING = 1 << 20; // bytes: more than this waits to be sent
const HALVE_MILLIS = 2000; // for so long
const REGAIN_MILLIS = 5000;

export class Uplink {
  #weight = MOST;
  #standsSince: number | null = null;
  #changed = 0;

  get weight(): number {
    return this.#weight;
  }

  // saw takes how many bytes wait to be sent to all peers, about once a second. It tells whether the weight changed.
  saw(now: number, backlog: number): boolean {
    if (backlog <= STANDING) {
      this.#standsSince = null;
      return now - this.#changed >= REGAIN_MILLIS && this.#set(now, Math.ceil(this.#weight * 1.1));
    }
    this.#standsSince ??= now;
    if (now - this.#standsSince < HALVE_MILLIS) return false;
    this.#standsSince = now;
    return this.#set(now, Math.floor(this.#weight / 2));
  }

  #set(now: number, weight: number): boolean {
    const before = this.#weight;
    this.#weight = Math.min(MOST, Math.max(LEAST, weight));
    this.#changed = now;
    return this.#weight !== before;
  }
}
