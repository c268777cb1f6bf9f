// What the swarm waits for, where that is not just a moment: an answer of the viewer, who is asked, or one of a tracker, of which none has
// said a word for long.

import type { P2P } from './stats.ts';

export type Wait = 'viewer' | 'tracker' | null;

const PATIENCE = 15_000; // milliseconds in which a tracker answers, if there is one

export class Pending {
  #since: number | null = null; // joining
  #wait: Wait = null;

  get wait(): Wait {
    return this.#wait;
  }

  // note learns how things stand; asked: the viewer may decide, and has not.
  note(now: number, p2p: P2P, asked: boolean): void {
    this.#since = p2p === 'joining' ? (this.#since ?? now) : null;
    const vain = this.#since !== null && now - this.#since >= PATIENCE;
    this.#wait = vain ? 'tracker' : p2p === 'off' && asked ? 'viewer' : null;
  }
}
