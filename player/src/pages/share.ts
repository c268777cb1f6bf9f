// What came from other viewers lately, and how that is said: a number since the beginning would tell of a swarm that is
// not there any more.

import { obstacleOf } from '../obstacle.ts';
import type { Wait } from '../pending.ts';
import { offload, type Stats } from '../stats.ts';
import { type Refusals, WATCH } from './words/watch.ts';

const LATELY = 30_000; // milliseconds

export class Share {
  #linked = false; // to another viewer
  #counts: { at: number; peers: number; edge: number }[] = [];

  // note is called with each new count; counts that begin anew are those of another viewing.
  note(at: number, { bytesFromPeers: peers, bytesFromEdge: edge, peers: links }: Stats): void {
    this.#linked = links > 0;
    const last = this.#counts.at(-1);
    if (last && (peers < last.peers || edge < last.edge)) this.#counts = [];
    this.#counts.push({ at, peers, edge });
    while (this.#counts[1] && this.#counts[1].at <= at - LATELY) this.#counts.shift();
  }

  // Of all bytes of the last half minute, 0 to 1; 0 if there were none, and once the last peer has left: beside it stands that all comes from the edge.
  get lately(): number {
    const first = this.#counts[0];
    const last = this.#counts.at(-1);
    return this.#linked && first && last ? offload(last.peers - first.peers, last.edge - first.edge) : 0;
  }
}

// inSwarm tells whether there is a share to speak of.
export function inSwarm({ p2p }: Stats): boolean {
  return p2p === 'on' || p2p === 'joining';
}

// describe says where the media comes from, beside the number if there is one. So many are in the swarm, as the tracker tells;
// undefined if it does not.
export function describe(stats: Stats, members: number | undefined, wait: Wait = null, words = WATCH.en): string {
  const { p2p, peers } = stats;
  const obstacle = p2p === 'off' || p2p === 'joining' ? obstacleOf(stats.refusal ?? '') : null;
  if (obstacle) return words.off(words.hindrances[obstacle]);
  if (wait === 'viewer') return words.asked;
  if (wait === 'declined') return words.declined;
  if (wait === 'tracker') return words.inVain;
  if (wait === 'machine') return words.resting;
  if (p2p === 'off') return words.off('');
  if (p2p === 'joining') return words.joining;
  if (p2p === 'resting') return words.resting;
  if (p2p === 'narrow') return words.narrow;
  if (p2p === 'away') return words.away;
  if (p2p === 'refused') return words.refused(refusal(stats.refusal ?? '', words.refusals));
  if (peers > 0) return words.fromOthers(peers);
  const alone = members === 1 && (stats.linksOpened > 0 || stats.linksNoRoute === 0); // of those whom a tracker knows: who rests is not with it
  return alone ? words.alone : words.unlinked;
}

// refusal says in a viewer's words why a tracker did not take it. What it said itself is for whoever runs it: it stands in stats.refusal.
function refusal(why: string, words: Refusals): string {
  switch (why.slice(0, 3)) {
    case '401': return words.uninvited;
    case '403': return why.includes('-allow-origin') ? words.page : words.link;
    case '429': return words.many;
    case '503': return words.full;
    default: return words.other;
  }
}
