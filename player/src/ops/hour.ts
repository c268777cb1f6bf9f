// The last hour, ended by now: what the charts show last is what stands beside them.

import type { Series } from './desk.ts';

const LISTS = ['viewers', 'offload', 'copies', 'latency', 'stalls', 'fromPeers', 'fromEdge', 'sent'] as const;

export class Hour {
  #past: Series | null = null;
  #now: Series | null = null; // a point
  #clock = 0; // of this page, when that was

  take(past: Series): void {
    this.#past = past;
  }

  // now takes the point of now; null: nobody tells, and nothing is known.
  now(point: Series | null, clock: number): void {
    if (point) [this.#now, this.#clock] = [point, clock];
    else if (this.#now) this.#now = { ...this.#now, at: this.#now.at.map((at) => at + Math.round(clock - this.#clock)), ...Object.fromEntries(LISTS.map((list) => [list, [null]])) };
    this.#clock = clock;
  }

  // series is the hour up to now, of the stream that the hour is of; null: nothing of it is known.
  get series(): Series | null {
    const [past, now] = [this.#past, this.#now];
    if (!past || past.stream !== now?.stream) return past;
    const count = past.at.filter((at) => at < (now.at[0] ?? 0)).length;
    const whole = { ...past, at: [...past.at.slice(0, count), ...now.at] };
    for (const list of LISTS) whole[list] = [...past[list].slice(0, count), ...now[list]];
    return whole;
  }
}
