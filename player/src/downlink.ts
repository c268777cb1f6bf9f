// A viewer's downlink: what the edge gives by it, what came by it, and what tells that it has become too narrow for what is played. Then the swarm is left
// for a while, and what is on its way for nobody is given up.

import type { Arrivals } from './arrivals.ts';
import type { Bandwidth } from './bandwidth.ts';
import type { Carried } from './carried.ts';
import type { Fetches } from './fetches.ts';
import type { Links } from './links.ts';
import type { Membership } from './membership.ts';

// What comes by it that is no peer's.
interface Giving {
  bandwidth: Bandwidth;
  arrivals: Arrivals; // of media, peers' too
  readonly heardAt: number; // when it gave the last sign of life
  heard(): void;
  hears(url: string, signal: AbortSignal): Promise<boolean>;
  rests(): Promise<void>;
  giveUp(): void;
}

const SILENT = 1500; // milliseconds: an edge of which nothing at all comes for so long hangs, and says nothing of the link

export interface Crossed {
  edge: Giving;
  links: Links;
  fetches: Fetches;
  membership: Membership;
  waiting(): number; // by how many milliseconds more than the quickest what peers send is under way
  signal: AbortSignal;
}

export class Downlink {
  readonly #by: Crossed; // what comes
  #rests: Promise<void> | null = null;

  constructor(by: Crossed) {
    this.#by = by;
  }

  // What the edge's bytes come by.
  get bandwidth(): Bandwidth {
    return this.#by.edge.bandwidth;
  }

  // Whether timers are on time.
  get calm(): boolean {
    return this.#by.membership.calm;
  }

  get waiting(): number {
    return this.#by.waiting();
  }

  // rests is there while what was on its way when the swarm was left lets nothing else by. What is asked for then is lost, and asked for again after a second.
  get rests(): Promise<void> | null {
    return this.#rests;
  }

  // carries rejects once it does not rest any more, for who is to ask the edge then; null: at once.
  carries(): Promise<never> | null {
    return this.#rests?.then(() => Promise.reject(new Error('downlink: ask the edge'))) ?? null;
  }

  // arriving is how much media came from peers and the edge in so many milliseconds, bytes a millisecond.
  arriving(millis: number): number {
    return this.#by.edge.arrivals.rate(performance.now(), millis);
  }

  // carried tells what peers' packets brought so far, and how much of it is whole.
  carried(): Promise<Map<number, Carried>> {
    return this.#by.links.carried();
  }

  // hears tells whether the edge answers as soon as it usually does.
  hears(url: string): Promise<boolean> {
    return this.#by.edge.hears(url, this.#by.signal);
  }

  // comes tells that something comes of it, to who asks it for something else.
  comes(): void {
    this.#by.edge.heard();
  }

  // hangs: the edge does, or it is away.
  get hangs(): boolean {
    return this.#by.membership.mute || performance.now() - this.#by.edge.heardAt >= SILENT;
  }

  // narrow: it carries so many bytes a millisecond, and no more, which is less than is played. fall sees to it that hls.js waits for something smaller; null
  // where there is nothing smaller to be played.
  narrow(rate: number, fall: (() => void) | null): void {
    const { edge, fetches, membership } = this.#by;
    edge.bandwidth.fell(rate);
    const left = membership.narrow(fall !== null);
    if (left) {
      const rests = (this.#rests = edge.rests().finally(() => rests === this.#rests && (this.#rests = null)));
    }
    fall?.();
    if (!left) return;
    fetches.giveUp();
    edge.giveUp();
  }
}
