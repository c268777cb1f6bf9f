// The charts of the last hour, each a figure with its newest value, and what it was where one points to, or goes by the arrow keys.

import { make } from '../make.ts';
import { bits } from '../pages/api.ts';
import { figure, tag } from '../pages/language.ts';
import { type Charted, figures } from '../pages/words/figures.ts';
import { shared } from '../pages/words/shared.ts';
import { svg } from '../svg.ts';
import { area, extent, type Frame, line, round, spanOf, sums, x } from './chart.ts';
import type { Series, Value } from './desk.ts';

const [WIDTH, HEIGHT] = [360, 96]; // of a drawing, in its own units

// Kind is one chart: which numbers, how they are written, and what its scale reaches at least.
interface Kind {
  name: Charted;
  of: (s: Series) => Value[];
  ground?: (s: Series) => Value[]; // what it stands on: drawn below it, in the edge's colour
  text: (value: number) => string;
  least: number;
  only?: boolean; // of all streams alone
}

const percent = (digits: number) => (value: number): string => `${figure(100 * value, digits)}\u00a0%`;

// rate writes bytes a second as bits.
export function rate(bytes: number): string {
  return bytes >= 125e6 ? `${figure(bytes / 125e6, 2)}\u00a0Gbit/s` : bits(8 * bytes).replace(' ', '\u00a0');
}

const kinds: Kind[] = [
  { name: 'viewers', of: (s) => s.viewers, text: (v) => String(Math.round(v)), least: 4 },
  { name: 'media', of: (s) => sums(s.fromPeers, s.fromEdge), ground: (s) => s.fromEdge, text: rate, least: 125e3 },
  { name: 'offload', of: (s) => s.offload, text: percent(0), least: 1 },
  { name: 'copies', of: (s) => s.copies, text: (v) => figure(v, 2), least: 2 },
  { name: 'behind', of: (s) => s.latency, text: (v) => `${figure(v, 1)}\u00a0s`, least: 2 },
  { name: 'stalled', of: (s) => s.stalls, text: percent(1), least: 0.02 },
  { name: 'sent', of: (s) => s.sent, text: rate, least: 125e3, only: true },
];

export class Charts {
  readonly #place: HTMLElement;
  #charts: Chart[] = [];

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  show(s: Series): void {
    const wanted = kinds.filter((kind) => !kind.only || s.stream === '');
    if (this.#charts.length !== wanted.length) {
      this.#charts = wanted.map((kind) => new Chart(kind));
      this.#place.replaceChildren(...this.#charts.map(({ figure }) => figure));
    }
    for (const chart of this.#charts) chart.show(s);
  }
}

class Chart {
  readonly figure: HTMLElement;
  readonly #kind: Kind;
  readonly #said = figures();
  readonly #now = make('strong', {}, '–');
  readonly #axis = make('div', { class: 'axis', 'aria-hidden': 'true' });
  readonly #range = make('span', { class: 'range' });
  readonly #top = make('span', { class: 'top-of' });
  readonly #peers = svg('path', { class: 'fill' });
  readonly #edge = svg('path', { class: 'edge' });
  readonly #line = svg('path', { class: 'line' });
  readonly #hair = svg('path', { class: 'hair', d: '' });
  readonly #drawing: SVGSVGElement;
  readonly #reading = make('output', { class: 'reading' });
  #series: Series | null = null;
  #frame: Frame = { width: WIDTH, height: HEIGHT, most: 1, span: 1 };
  #picked = -1; // which moment is read; none

  constructor(kind: Kind) {
    this.#kind = kind;
    const grid = svg('path', { class: 'grid-lines', d: `M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}` });
    this.#drawing = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', tabindex: '0' }, grid, this.#edge, this.#peers, this.#line, this.#hair);
    this.#reading.setAttribute('aria-live', 'polite');
    this.figure = make('figure', { class: 'chart' },
      make('figcaption', {}, make('span', {}, this.#said.charts[kind.name][0]), this.#now),
      make('div', { class: 'plot' }, this.#top, this.#drawing, this.#reading),
      this.#axis,
      this.#range,
      ...(kind.ground ? [make('ul', { class: 'legend' }, make('li', {}, make('i', { class: 'of-peers' }), this.#said.fromPeers), make('li', {}, make('i', { class: 'of-edge' }), this.#said.fromEdges))] : []));
    this.#drawing.addEventListener('pointermove', (event) => this.#pick(this.#near(event)));
    this.#drawing.addEventListener('pointerleave', () => this.#pick(-1));
    this.#drawing.addEventListener('blur', () => this.#pick(-1));
    this.#drawing.addEventListener('keydown', (event) => this.#key(event));
  }

  show(s: Series): void {
    const [kind, said] = [this.#kind, this.#said];
    const [title, what] = said.charts[kind.name];
    if (this.#series?.stream !== s.stream) this.#picked = -1;
    this.#series = s;
    const values = kind.of(s);
    const short = extent(values);
    const frame = (this.#frame = { width: WIDTH, height: HEIGHT, most: Math.max(kind.least, round(short?.most ?? 0)), span: spanOf(s.at) });
    const minutes = frame.span / 60e3;
    this.#axis.replaceChildren(...[`−${shared().minutes(minutes)}`, `−${minutes / 2}`, said.now].map((text) => make('span', {}, text)));
    const ground = kind.ground?.(s) ?? null;
    this.#edge.setAttribute('d', ground ? area(s.at, ground.map((v, i) => (values[i] === null ? null : v)), null, frame) : '');
    this.#peers.setAttribute('d', area(s.at, values, ground, frame));
    this.#line.setAttribute('d', line(s.at, values, frame));
    this.#top.textContent = short ? kind.text(frame.most) : '';
    this.#now.textContent = short?.now == null ? '–' : kind.text(short.now);
    this.#range.textContent = short ? said.range(kind.text(short.least), kind.text(short.most)) : said.nothing;
    this.#drawing.setAttribute('aria-label', short
      ? said.charted(title, what, this.#now.textContent ?? '', this.#range.textContent ?? '')
      : `${title}: ${said.nothing}`);
    this.#pick(Math.min(this.#picked, s.at.length - 1), false);
  }

  // near is the moment that a pointer is at.
  #near(event: PointerEvent): number {
    const s = this.#series;
    if (!s || s.at.length === 0) return -1;
    const box = this.#drawing.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * WIDTH;
    const last = s.at[s.at.length - 1] ?? 0;
    return s.at.reduce((best, time, i) => (Math.abs(x(time, last, this.#frame) - at) < Math.abs(x(s.at[best] ?? 0, last, this.#frame) - at) ? i : best), 0);
  }

  #key(event: KeyboardEvent): void {
    const count = this.#series?.at.length ?? 0;
    const from = this.#picked < 0 ? count - 1 : this.#picked;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: count - 1, PageUp: from - 30, PageDown: from + 30 }[event.key];
    if (event.key === 'Escape') this.#pick(-1);
    if (to === undefined || count === 0) return;
    event.preventDefault();
    this.#pick(Math.max(0, Math.min(count - 1, to)));
  }

  #pick(i: number, say = true): void {
    const s = this.#series;
    this.#picked = i;
    if (!s || i < 0) {
      this.#hair.setAttribute('d', '');
      this.#reading.textContent = '';
      return;
    }
    const at = s.at[i] ?? 0;
    const across = x(at, s.at[s.at.length - 1] ?? 0, this.#frame);
    this.#hair.setAttribute('d', `M${across.toFixed(1)} 0V${HEIGHT}`);
    this.#reading.classList.toggle('left', across > WIDTH / 2);
    const value = this.#kind.of(s)[i] ?? null;
    const ground = this.#kind.ground?.(s)[i] ?? null;
    const parts = value === null ? [this.#said.unknown] : ground === null ? [this.#kind.text(value)] : [this.#said.peersAndEdges(this.#kind.text(value - ground), this.#kind.text(ground))];
    const text = `${new Date(at).toLocaleTimeString(tag(), { hour: '2-digit', minute: '2-digit', second: '2-digit' })}: ${parts.join(', ')}`;
    if (say || this.#reading.textContent !== '') this.#reading.textContent = text;
  }
}
