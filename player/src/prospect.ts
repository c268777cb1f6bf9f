// Whether there would be a swarm if the viewer said yes: nobody is asked in vain. It is found out of this browser, of what the page names, and of
// what the stream's own server tells of the stream. No tracker is asked: that would be before a yes.
//
// Of a stream that is over nothing is shared, and nobody is asked until it is on again.
//
// What may change, as when the operator turns the swarm on again, is asked for again, seldom. While the server does not tell, the viewer can wait for
// the question: the picture waits for neither.

import type { Obstacle } from './obstacle.ts';

const AGAIN_MILLIS = 30_000;

// What a server tells of a stream, as far as it matters here.
export interface Told {
  state?: string; // ended: it is over
  publicKey: string;
  p2p?: boolean | null; // false: the operator has turned the swarm off
}

export interface ProspectWorld {
  now(): number;
  here(): Obstacle | null; // in this browser, and at this address
  key(): string; // that the page gives; '' for none
  told(): Promise<Told | null>; // by the server; null: it knows of no such stream
  chance(): number; // 0 to less than 1
}

export class Prospect {
  readonly #world: ProspectWorld;
  #found: Obstacle | null | undefined; // by asking
  #askAt = 0; // when it is asked for, if it is looked at
  #over = false;

  constructor(world: ProspectWorld) {
    this.#world = world;
  }

  // known is what stands in the way, null: nothing is known to. It asks nobody.
  get known(): Obstacle | null {
    return this.#world.here() ?? this.#found ?? null;
  }

  // look finds out, and returns what stands in the way, null for nothing; undefined: that is not found out yet.
  look(): Obstacle | null | undefined {
    const here = this.#world.here();
    if (here !== null) return here;
    if (this.#found !== null && !this.#over && this.#world.now() >= this.#askAt) void this.#ask();
    return this.#found;
  }

  close(): void {
    this.#over = true;
  }

  async #ask(): Promise<void> {
    this.#askAt = Infinity;
    try {
      const told = await this.#world.told();
      this.#found = told?.state === 'ended' ? undefined : this.#of(told);
    } catch {
      // it is not found out
    }
    this.#askAt = this.#world.now() + AGAIN_MILLIS * (0.7 + 0.6 * this.#world.chance());
  }

  #of(told: Told | null): Obstacle | null {
    const key = this.#world.key();
    const own = told?.publicKey ?? '';
    if (told?.p2p === false) return 'operator';
    if (key === '' && own === '') return 'key';
    return key !== '' && own !== '' && bare(key) !== bare(own) ? 'wrongKey' : null;
  }
}

// bare is a key without what may stand around it.
function bare(key: string): string {
  return key.trim().replace(/=+$/, '');
}
