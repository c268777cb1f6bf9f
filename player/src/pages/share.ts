// What came from other viewers lately, and how that is said: a number since the beginning would tell of a swarm that is
// not there any more.

import { offload, type Stats } from '../stats.ts';

const LATELY = 30_000; // milliseconds
const PATIENCE = 15_000; // milliseconds in which a tracker answers, if there is one

export class Share {
  #counts: { at: number; peers: number; edge: number }[] = [];
  #joiningSince: number | null = null;

  // joinsInVain: no tracker has answered for so long that none may do so.
  joinsInVain = false;

  // note is called with each new count; counts that begin anew are those of another viewing.
  note(at: number, { bytesFromPeers: peers, bytesFromEdge: edge, p2p }: Stats): void {
    this.#joiningSince = p2p === 'joining' ? (this.#joiningSince ?? at) : null;
    this.joinsInVain = this.#joiningSince !== null && at - this.#joiningSince >= PATIENCE;
    const last = this.#counts.at(-1);
    if (last && (peers < last.peers || edge < last.edge)) this.#counts = [];
    this.#counts.push({ at, peers, edge });
    while (this.#counts[1] && this.#counts[1].at <= at - LATELY) this.#counts.shift();
  }

  // Of all bytes of the last half minute, 0 to 1; 0 if there were none.
  get lately(): number {
    const first = this.#counts[0];
    const last = this.#counts.at(-1);
    return first && last ? offload(last.peers - first.peers, last.edge - first.edge) : 0;
  }
}

// inSwarm tells whether there is a share to speak of.
export function inSwarm({ p2p }: Stats): boolean {
  return p2p === 'on' || p2p === 'joining';
}

// describe says where the media comes from, beside the number if there is one. The tracker knows of so many viewers of the stream;
// undefined if it does not tell. In vain: see Share.
export function describe(stats: Stats, viewers: number | undefined, inVain = false): string {
  const { p2p, peers } = stats;
  if (p2p === 'off') return stats.refusal ? `The swarm is off (${stats.refusal}): all comes from the edge.` : 'The swarm is off: all comes from the edge.';
  if (p2p === 'joining') return inVain ? 'No tracker answers: all comes from the edge, until one does.' : 'Joining the swarm…';
  if (p2p === 'resting') return 'This machine is too busy for the swarm: all comes from the edge, for a while.';
  if (p2p === 'away') return 'Nobody else is so far behind live: all comes from the edge, until you are back.';
  if (p2p === 'refused') return `${refusal(stats.refusal ?? '')}: all comes from the edge.`;
  if (peers > 0) return `of the picture came from ${peers === 1 ? 'one other viewer' : `${peers} other viewers`} in the last half minute.`;
  const unlinked = (viewers ?? 0) > 1 || (stats.linksOpened === 0 && stats.linksNoRoute > 0);
  return unlinked ? 'No link to another viewer is open yet: all comes from the edge.' : 'You are the first here: all comes from the edge.';
}

// refusal says in a viewer's words why a tracker did not take it. What it said itself is for whoever runs it: it stands in stats.refusal.
function refusal(why: string): string {
  switch (why.slice(0, 3)) {
    case '401': return 'Only invited viewers share with others here';
    case '403': return why.includes('-allow-origin') ? 'Viewers of this page may not share with others here' : 'Your link does not let you share with others here';
    case '429': return 'Too many come from where you are, or by your link, to share with others now';
    case '503': return 'Too many are here to share with others now';
    default: return 'You cannot share with other viewers now';
  }
}
