// How many watch a stream, and how many of them are in its swarm.

import type { Stream, Swarm } from './api.ts';
import { shared } from './words/shared.ts';

export interface Crowd {
  all: number;
  inside: number;
}

// members are those who share with each other.
export function members({ viewers, outside }: Pick<Swarm, 'viewers' | 'outside'>): number {
  return viewers - outside;
}

// crowd adds up whom trackers know and whom edges see, who are not in the swarm: none is both, but whom the control keeps outside, if no cache is before the
// edges, and who came into the swarm a moment ago, who are left out of the edges'. It is null where neither tells. Without a swarm at hand what the server knows of it counts, which is nothing while trackers are silent to it.
// Partly: some tracker did not tell, so the swarm at hand is not all of it; what the server knows counts, if it has heard all. No number is better than one that is too low.
export function crowd(stream: Pick<Stream, 'atEdges' | 'inSwarm' | 'watching'> | null | undefined, swarm?: Pick<Swarm, 'viewers' | 'outside' | 'newcomers'>, partly = false): Crowd | null {
  if (partly) return typeof stream?.watching === 'number' && typeof stream.inSwarm === 'number' ? { all: stream.watching, inside: stream.inSwarm } : null;
  if (!swarm && (stream?.atEdges === undefined || stream.watching === null)) return null;
  const atEdges = stream?.atEdges ?? 0;
  if (!swarm) return { all: stream?.watching ?? (stream?.inSwarm ?? 0) + atEdges, inside: stream?.inSwarm ?? 0 };
  const inside = members(swarm);
  return { all: inside + Math.max(swarm.outside, atEdges - (swarm.newcomers ?? 0)), inside };
}

// people says it; '' if nobody watches.
export function people(of: Crowd | null | undefined): string {
  if (!of || of.all === 0) return '';
  return shared().watching(of.all, of.inside);
}

// watchers says it to whoever broadcasts, with what they do for each other; '' if it is not known.
export function watchers(stream: Stream | null, fromEachOther: (percent: number) => string): string {
  const of = crowd(stream);
  if (!stream || !of) return '';
  const facts = [String(of.all)];
  if (of.inside > 0) facts.push(shared().members(of.inside));
  if (of.inside > 1 && stream.offload != null) facts.push(fromEachOther(Math.round(100 * stream.offload)));
  return facts.join(', ');
}

// crowds adds up who watches all streams: nobody where there are none. It is null where nothing is known of any, or of one it is not known how many do.
// Streams are null where it is not known which there are.
export function crowds(streams: readonly Stream[] | null, swarms: ReadonlyMap<string, Swarm>): Crowd | null {
  if (streams?.length === 0 && swarms.size === 0) return { all: 0, inside: 0 };
  streams ??= [];
  if (streams.some(({ name, watching }) => watching === null && !swarms.has(name))) return null;
  const names = new Set([...streams.map(({ name }) => name), ...swarms.keys()]);
  const known = [...names].map((name) => crowd(streams.find((s) => s.name === name), swarms.get(name))).filter((of) => of !== null);
  const sum = (one: (of: Crowd) => number): number => known.reduce((all, of) => all + one(of), 0);
  return known.length > 0 ? { all: sum(({ all }) => all), inside: sum(({ inside }) => inside) } : null;
}
