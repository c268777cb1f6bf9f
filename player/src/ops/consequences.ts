// What a change of a stream's control does to its viewers, in words: what an operator is to know before.

import type { Control, Swarm } from '../pages/api.ts';
import { figure } from '../pages/language.ts';
import { steering } from '../pages/words/steering.ts';

const LEAST_TIMES = 1.1; // as much as now, from which on it is said: less is no more

// harms says what viewers, or the edges, would have of a change; empty where it hurts nobody.
export function harms(from: Control, to: Control, swarm: Pick<Swarm, 'viewers' | 'outside' | 'offload' | 'cells' | 'roots'>): string[] {
  const said = steering();
  const found: string[] = [];
  const inside = swarm.viewers - swarm.outside;
  const share = (c: Control): number => (c.p2p ? c.share : 0);
  if (share(to) < share(from) && inside > 0) {
    const leave = to.p2p && to.share > 0 ? Math.round(inside * (1 - share(to) / share(from))) : inside;
    const times = 1 / (1 - swarm.offload);
    const more = share(to) === 0 && times >= LEAST_TIMES && times < Infinity ? said.times(number(times)) : '';
    found.push(said.leave(leave, inside, more));
  }
  if (cap(to) < cap(from) && inside > 0) found.push(said.lessEach);
  if (to.cellSize > from.cellSize && swarm.cells > 1) found.push(said.newLinks);
  if (to.cellSize < from.cellSize && inside > to.cellSize) found.push(said.split);
  if (to.roots < from.roots && swarm.roots > to.roots) found.push(said.fedInstead(swarm.roots - to.roots, swarm.roots));
  if (to.roots > from.roots && swarm.cells > from.roots) found.push(said.moreCopies);
  return found;
}

// cap is the most that a viewer may lend; 0 in a control is no bound.
const cap = (c: Control): number => (c.maxUploadKbps === 0 ? Infinity : c.maxUploadKbps);

const number = (value: number): string => (value < 10 ? figure(value, 1) : String(Math.round(value)));
