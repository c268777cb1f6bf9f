// What the swarm waits for, where that is not just a moment: an answer of the viewer, who is asked, or that one who has said no thinks better of
// it, a word of a tracker, of which none has said one for long, or time of the machine.

import type { P2P } from './stats.ts';

export type Wait = 'viewer' | 'declined' | Delay;

// What keeps a viewer from joining: timers ring late, or no tracker answers though one is asked. Of a machine that is busy no tracker is blamed: it may be the
// page that has not heard it. null: it is about to join.
export type Delay = 'tracker' | 'machine' | null;

// What the viewer, who may decide, has said: nothing yet, or no. null: there is nothing to wait for.
export type Open = 'asked' | 'no' | null;

const PATIENCE = 15_000; // milliseconds in which a tracker answers, if there is one

export class Pending {
  #delay: Delay = null;
  #since = 0; // it is that one
  #wait: Wait = null;

  get wait(): Wait {
    return this.#wait;
  }

  // note learns how things stand.
  note(now: number, p2p: P2P, delay: Delay, open: Open): void {
    if (delay !== this.#delay) [this.#delay, this.#since] = [delay, now];
    const long = delay !== null && now - this.#since >= PATIENCE;
    this.#wait = long ? delay : p2p !== 'off' || open === null ? null : open === 'asked' ? 'viewer' : 'declined';
  }
}
