// The events that a page hears, and what each carries as its detail.

import type { P2P, Stats } from './stats.ts';

/** Of a swarm. */
export interface SwarmEvents {
  /** How many peers are linked, when that changes. */
  'shoal:peer': { peers: number };
  /** The viewer was in the swarm, and all comes from the edge from now on. */
  'shoal:fallback': { p2p: P2P; refusal: string };
  /** Each second. */
  'shoal:stats': Stats;
}

/** Of <shoal-player>. */
export interface PlayerEvents extends SwarmEvents {
  /** When it changes. */
  'shoal:state': { state: string };
}

type Heard = { [Name in keyof PlayerEvents]: CustomEvent<PlayerEvents[Name]> };

declare global {
  interface HTMLElementEventMap extends Heard {}
}
