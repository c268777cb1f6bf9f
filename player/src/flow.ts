// Where the media came from in the last minute: from peers and from the edge, second by second, and as two areas, one on the other.

const SECONDS = 60;

export interface Moment {
  peers: number; // bytes in this second
  edge: number;
}

export class Flow {
  #moments: Moment[] = [];
  #last: { at: number; peers: number; edge: number } | null = null; // counts when the newest second began

  // note takes running counts; counts that begin anew are those of another stream.
  note(at: number, { bytesFromPeers: peers, bytesFromEdge: edge }: { bytesFromPeers: number; bytesFromEdge: number }): void {
    const last = this.#last;
    if (!last || peers < last.peers || edge < last.edge) {
      this.#moments = [];
      this.#last = { at, peers, edge };
      return;
    }
    const seconds = Math.floor((at - last.at) / 1000);
    if (seconds < 1) return;
    // What came while nobody looked, as in a hidden page, is spread over that time.
    const moment = { peers: (peers - last.peers) / seconds, edge: (edge - last.edge) / seconds };
    for (let i = 0; i < Math.min(seconds, SECONDS); i++) this.#moments.push(moment);
    this.#moments.splice(0, this.#moments.length - SECONDS);
    this.#last = { at: last.at + 1000 * seconds, peers, edge };
  }

  // moments are at most a minute's, the oldest first.
  get moments(): readonly Moment[] {
    return this.#moments;
  }
}

// ceiling is what the top of a drawing stands for, in bytes a second: 1, 2 or 5 of some power of ten of bits, so that it can be read, and stays.
export function ceiling(moments: readonly Moment[]): number {
  const bits = 8 * Math.max(125, ...moments.map(({ peers, edge }) => peers + edge));
  const ten = 10 ** Math.floor(Math.log10(bits));
  return (ten * ([1, 2, 5].find((n) => n * ten >= bits) ?? 10)) / 8;
}

// mean is what came in a second of all that is known.
export function mean(moments: readonly Moment[]): Moment {
  const sum = (of: (m: Moment) => number): number => moments.reduce((all, moment) => all + of(moment), 0) / Math.max(1, moments.length);
  return { peers: sum(({ peers }) => peers), edge: sum(({ edge }) => edge) };
}

// areas draws moments into a box as paths of SVG: what came from the edge stands on the ground, what came from peers on that. The newest is
// at the right; so many bytes in a second reach the top.
export function areas(moments: readonly Moment[], width: number, height: number, most: number): { edge: string; peers: string } {
  const x = (i: number): string => (width - ((moments.length - i) * width) / SECONDS).toFixed(1);
  const y = (bytes: number): string => (height * (1 - bytes / most)).toFixed(1);
  const area = (top: (m: Moment) => number, ground: (m: Moment) => number): string => {
    if (moments.length === 0) return '';
    const steps = (of: (m: Moment) => number): string[] => moments.flatMap((moment, i) => [`${x(i)} ${y(of(moment))}`, `${x(i + 1)} ${y(of(moment))}`]);
    return `M${[...steps(top), ...steps(ground).reverse()].join('L')}Z`;
  };
  return { edge: area(({ edge }) => edge, () => 0), peers: area(({ edge, peers }) => edge + peers, ({ edge }) => edge) };
}
