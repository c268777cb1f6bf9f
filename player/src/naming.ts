// How a stream names its parts and segments: which numbers in a URI are the MSN and the part. It is learned from what a
// playlist lists; where not exactly one way of naming explains all of it, none is assumed.

import type { Place } from './listing.ts';

export interface Named {
  uri: string;
  place: Place;
}

// A way of naming: a URI cut into its runs of digits (at odd indexes) and what stands between, and which of the runs
// are the numbers.
interface Way {
  runs: string[];
  msn: number;
  part: number; // 0 in the name of a segment
}

export class Naming {
  readonly #part: Way;
  readonly #segment: Way;

  private constructor(part: Way, segment: Way) {
    this.#part = part;
    this.#segment = segment;
  }

  // read learns the naming from parts (the one hinted at too) and segments; null if it is not understood.
  static read(parts: Named[], segments: Named[]): Naming | null {
    const part = only(parts, (runs, { msn, part }) =>
      places(runs, msn).flatMap((m) => places(runs, part).filter((p) => p !== m).map((p) => ({ runs, msn: m, part: p }))));
    const segment = only(segments, (runs, { msn }) => places(runs, msn).map((m) => ({ runs, msn: m, part: 0 })));
    return part && segment && new Naming(part, segment);
  }

  part(place: Place): string {
    return write(this.#part, place);
  }

  segment(msn: number): string {
    return write(this.#segment, { msn, part: 0 });
  }
}

// only returns the one way of naming that explains all that is named.
function only(named: Named[], ways: (runs: string[], place: Place) => Way[]): Way | null {
  const last = named.at(-1);
  if (!last) return null;
  const fit = ways(last.uri.split(/(\d+)/), last.place).filter((way) => named.every(({ uri, place }) => write(way, place) === uri));
  return fit.length === 1 && fit[0] ? fit[0] : null;
}

function places(runs: string[], number: number): number[] {
  return runs.flatMap((run, i) => (i % 2 === 1 && run === String(number) ? [i] : []));
}

function write({ runs, msn, part }: Way, place: Place): string {
  return runs.map((run, i) => (i === msn ? place.msn : part > 0 && i === part ? place.part : run)).join('');
}
