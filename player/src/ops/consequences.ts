// What a change of a stream's control does to its viewers, in words: what an operator is to know before.

import type { Control, Swarm } from '../pages/api.ts';

// harms says what viewers, or the edges, would have of a change; empty where it hurts nobody.
export function harms(from: Control, to: Control, swarm: Pick<Swarm, 'viewers' | 'outside' | 'offload' | 'cells' | 'roots'>): string[] {
  const found: string[] = [];
  const inside = swarm.viewers - swarm.outside;
  const share = (c: Control): number => (c.p2p ? c.share : 0);
  if (share(to) < share(from) && inside > 0) {
    const leave = to.p2p && to.share > 0 ? Math.round(inside * (1 - share(to) / share(from))) : inside;
    const times = share(to) === 0 && swarm.offload > 0 && swarm.offload < 1 ? `, some ${number(1 / (1 - swarm.offload))} times what they send now` : '';
    const who = leave === inside ? `All ${inside}` : `About ${leave} of ${inside}`;
    found.push(inside === 1 ? `The one viewer in the swarm leaves it within two seconds and gets everything from the edges${times}.`
      : `${who} viewers in the swarm leave it within two seconds and get everything from the edges${times}.`);
  }
  if (cap(to) < cap(from)) found.push('Viewers send each other less from now on: what they lack comes from the edges.');
  if (to.cellSize > from.cellSize && swarm.cells > 1) found.push('Cells that become one make new links: for seconds their viewers get more from the edges.');
  if (to.cellSize < from.cellSize && inside > to.cellSize) found.push('Cells are split: each of the new ones has fewer viewers to share the work, and either fetches from the edge itself or is fed by another cell, later.');
  if (to.roots < from.roots && swarm.roots > to.roots) {
    const [fed, are, their] = [swarm.roots - to.roots, ...(swarm.roots - to.roots === 1 ? ['is', 'its'] : ['are', 'their'])];
    found.push(`${fed} of ${swarm.roots} cells that fetch from the edge ${are} fed by others from now on: ${their} viewers have media later.`);
  }
  if (to.roots > from.roots && swarm.cells > from.roots) found.push('More cells fetch from the edges: they send more copies.');
  return found;
}

// cap is the most that a viewer may lend; 0 in a control is no bound.
const cap = (c: Control): number => (c.maxUploadKbps === 0 ? Infinity : c.maxUploadKbps);

const number = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));
