// What a session has counted, whoever of it did, and how it stands to the swarm.

import type { Gifts } from './gifts.ts';
import type { Links } from './links.ts';
import type { Membership } from './membership.ts';
import type { Traffic } from './stats.ts';
import type { Watch } from './watch.ts';

// What this file knows of the edge.
interface Server {
  readonly bytes: number; // media
  readonly requests: number;
  readonly bad: number; // answers that were not what a true record says
}

export class Tally {
  readonly #own: Traffic;
  readonly #edge: Server;
  readonly #links: Links;
  readonly #gifts: Gifts;
  readonly #watch: Watch;
  readonly #membership: Membership;

  // own is what nobody else counts.
  constructor(own: Traffic, edge: Server, links: Links, gifts: Gifts, watch: Watch, membership: Membership) {
    this.#own = own;
    this.#edge = edge;
    this.#links = links;
    this.#gifts = gifts;
    this.#watch = watch;
    this.#membership = membership;
  }

  get sum(): Traffic {
    const { bytes: bytesFromEdge, requests: edgeRequests, bad: badFetches } = this.#edge;
    const { up: peers, dropped: droppedSends, outcomes } = this.#links;
    const { bytes: bytesFromPeers, bad: badPieces } = this.#gifts;
    const { answered: playlistsFromCell, refused: recordsRefused } = this.#watch;
    const { rests, p2p, why: refusal } = this.#membership;
    return {
      ...this.#own, ...outcomes, bytesFromEdge, edgeRequests, badFetches, droppedSends, peers, bytesFromPeers, badPieces, playlistsFromCell, recordsRefused, rests, p2p,
      refusal,
    };
  }
}
