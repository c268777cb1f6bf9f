// What the swarm waits for, where that is not just a moment: an answer of the viewer, who is asked, or that one who has said no thinks better of
// it, or a word of a tracker, of which none has said one for long.

import type { P2P } from './stats.ts';

export type Wait = 'viewer' | 'declined' | 'tracker' | null;

// What the viewer, who may decide, has said: nothing yet, or no. null: there is nothing to wait for.
export type Open = 'asked' | 'no' | null;

const PATIENCE = 15_000; // milliseconds in which a tracker answers, if there is one

export class Pending {
  #since: number | null = null; // joining
  #wait: Wait = null;

  get wait(): Wait {
    return this.#wait;
  }

  // note learns how things stand.
  note(now: number, p2p: P2P, open: Open): void {
    this.#since = p2p === 'joining' ? (this.#since ?? now) : null;
    const vain = this.#since !== null && now - this.#since >= PATIENCE;
    this.#wait = vain ? 'tracker' : p2p !== 'off' || open === null ? null : open === 'asked' ? 'viewer' : 'declined';
  }
}
