// The cells of a stream as they are now, drawn: who sits with whom, what comes from the edge, and over which links one cell feeds another.

import { make } from '../make.ts';
import { bits } from '../pages/api.ts';
import { figure } from '../pages/language.ts';
import { steering } from '../pages/words/steering.ts';
import { svg } from '../svg.ts';
import type { Cell, Cells, Member } from './desk.ts';
import { type Forest, layout, type Placed, share, type Spot } from './forest.ts';

const MESHED = 16; // of more members the lines between all are not drawn one by one

const kbps = (value: number): string => bits(1000 * value);

// words says of a member what is known.
export function words(m: Member): string {
  const said = steering();
  if (!m.told) return said.noReport(said.viewer(m.viewer));
  const { fromPeersKbps, fromEdgeKbps, toPeersKbps, links, latencySeconds, stalledSeconds } = m.told;
  const stood = stalledSeconds > 0 ? said.stood(`${figure(stalledSeconds, 1)} s`) : '';
  return said.report(said.viewer(m.viewer), kbps(fromPeersKbps), kbps(fromEdgeKbps), m.sends ? said.gives(kbps(toPeersKbps)) : said.givesNothing, links, `${figure(latencySeconds, 1)} s`, stood);
}

export class Drawing {
  readonly #place: HTMLElement;
  readonly #table: HTMLElement;
  readonly #caption: HTMLElement;
  #last = ''; // what is drawn

  constructor(place: HTMLElement, table: HTMLElement, caption: HTMLElement) {
    this.#place = place;
    this.#table = table;
    this.#caption = caption;
  }

  show(cells: Cells): void {
    const width = Math.max(260, Math.floor(this.#place.clientWidth));
    const now = JSON.stringify([width, cells], (key, value: unknown) => (key === 'secondsAgo' ? undefined : value)); // what is drawn anew moves anew
    this.#caption.textContent = caption(cells); // a failure may stand there
    if (now === this.#last) return;
    this.#last = now;
    if (cells.cells.length === 0) {
      this.#place.replaceChildren(make('p', { class: 'dim none' }, empty(cells)));
      this.#table.replaceChildren();
      return;
    }
    const forest = layout(cells.cells, width);
    this.#place.replaceChildren(draw(forest, caption(cells)));
    this.#table.replaceChildren(...cells.cells.map((cell) => written(cell)));
  }
}

export function caption({ name, viewers, outside, total, cells }: Cells): string {
  return steering().caption(name, viewers, total, cells.length, cells.reduce((sum, { feeds }) => sum + feeds.length, 0), outside);
}

function empty({ keeps, outside }: Cells): string {
  if (outside > 0) return steering().offForAll;
  return keeps ? steering().nobody : steering().nobodyHere;
}

// written is a cell as a list, for who cannot see the drawing.
function written(cell: Cell): HTMLElement {
  const feeds = cell.feeds.map(({ from, to, fed }) => make('li', {}, steering().feeds(from, to, fed)));
  return make('section', {},
    make('h4', {}, cell.parent === 0 ? steering().fetches(cell.id) : steering().fed(cell.id, cell.parent)),
    make('ul', {}, ...feeds, ...cell.members.map((m) => make('li', {}, words(m)))));
}

function draw(forest: Forest, label: string): SVGSVGElement {
  const { width, height, placed } = forest;
  const drawing = svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': `${label} ${steering().below}` });
  const spots = new Map(placed.flatMap((p) => p.spots.map((spot) => [spot.member.viewer, { spot, dot: p.dot }])));
  const top = { x: width / 2, y: 30 };
  for (const p of placed.filter(({ cell }) => cell.parent === 0)) drawing.append(fetched(top, p));
  for (const p of placed) drawing.append(mesh(p));
  for (const { from, to, fed } of placed.flatMap(({ cell }) => cell.feeds)) {
    const [a, b] = [spots.get(from), spots.get(to)];
    if (a && b) drawing.append(bridge(a.spot, b.spot, a.dot, b.dot, fed));
  }
  for (const p of placed) for (const spot of p.spots) drawing.append(disc(spot, p.dot));
  drawing.append(svg('g', { class: 'cdn' },
    svg('rect', { x: top.x - 46, y: top.y - 18, width: 92, height: 36, rx: 18 }),
    svg('text', { x: top.x, y: top.y + 5, 'text-anchor': 'middle' }, steering().edge)));
  return drawing;
}

// fetched is what comes from the edge to a cell that fetches there: the more its members say they got, the broader.
function fetched(top: { x: number; y: number }, p: Placed): SVGElement {
  const sum = p.cell.members.reduce((all, { told }) => all + (told?.fromEdgeKbps ?? 0), 0);
  const upper = p.y - p.radius - p.dot - 6;
  const path = `M${top.x.toFixed(1)} ${top.y + 18}C${top.x.toFixed(1)} ${((top.y + upper) / 2).toFixed(1)} ${p.x.toFixed(1)} ${((top.y + upper) / 2 - 6).toFixed(1)} ${p.x.toFixed(1)} ${upper.toFixed(1)}`;
  const broad = Math.min(9, 1.5 + Math.sqrt(sum / 400));
  return svg('g', {}, svg('title', {}, steering().gets(p.cell.id, kbps(sum))), svg('path', { class: 'fetch', d: path, 'stroke-width': broad }));
}

// mesh is a cell: everybody in it is linked to everybody.
function mesh(p: Placed): SVGElement {
  const group = svg('g', { class: 'mesh' }, svg('circle', { class: 'ground', cx: p.x, cy: p.y, r: p.radius + p.dot + 8 }));
  if (p.spots.length > MESHED) group.append(svg('circle', { class: 'all', cx: p.x, cy: p.y, r: p.radius }));
  else {
    p.spots.forEach((a, i) => p.spots.slice(i + 1).forEach((b) => group.append(svg('line', { x1: a.x, y1: a.y, x2: b.x, y2: b.y }))));
  }
  return group;
}

function bridge(a: Spot, b: Spot, from: number, to: number, fed: boolean): SVGElement {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const long = Math.max(1, Math.hypot(dx, dy));
  const [ux, uy] = [dx / long, dy / long];
  const [x1, y1, x2, y2] = [a.x + ux * (from + 2), a.y + uy * (from + 2), b.x - ux * (to + 4), b.y - uy * (to + 4)];
  const wing = (side: number): string => `${(x2 - 8 * ux + side * 4 * uy).toFixed(1)} ${(y2 - 8 * uy - side * 4 * ux).toFixed(1)}`;
  return svg('g', { class: fed ? 'bridge fed' : 'bridge' },
    svg('title', {}, steering().feeds(a.member.viewer, b.member.viewer, fed)),
    svg('line', { x1, y1, x2: x2 - 5 * ux, y2: y2 - 5 * uy }),
    svg('path', { d: `M${x2.toFixed(1)} ${y2.toFixed(1)}L${wing(1)}L${wing(-1)}Z` }));
}

// disc is a member: its rim says where its media came from, its inside how much it gives.
function disc({ member, x, y }: Spot, dot: number): SVGElement {
  const part = share(member);
  const group = svg('g', { class: member.told ? 'viewer' : 'viewer silent' }, svg('title', {}, words(member)), svg('circle', { class: 'body', cx: x, cy: y, r: dot }));
  const rim = dot - 1.5;
  const round = 2 * Math.PI * rim;
  if (part !== null) {
    group.append(
      svg('circle', { class: 'rim edge', cx: x, cy: y, r: rim }),
      svg('circle', { class: 'rim peers', cx: x, cy: y, r: rim, 'stroke-dasharray': `${(round * part).toFixed(1)} ${round.toFixed(1)}`, transform: `rotate(-90 ${x.toFixed(1)} ${y.toFixed(1)})` }));
  } else group.append(svg('circle', { class: 'rim unknown', cx: x, cy: y, r: rim }));
  const gives = member.told?.toPeersKbps ?? 0;
  if (gives > 0) group.append(svg('circle', { class: 'gives', cx: x, cy: y, r: Math.max(1.5, Math.min(dot - 4.5, Math.sqrt(gives) / 8)) }));
  if (dot >= 15) group.append(svg('text', { x, y: y + dot + 12, 'text-anchor': 'middle' }, String(member.viewer)));
  return group;
}
