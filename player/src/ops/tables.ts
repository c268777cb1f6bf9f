// Streams and swarms as lines of tables.

import { make } from '../make.ts';
import { bits, condition, type Control, duration, lasting, picture, type Stream, type Swarm } from '../pages/api.ts';
import { crowd } from '../pages/crowd.ts';
import { figure, to } from '../pages/language.ts';
import { advised } from '../pages/words/advice.ts';
import { figures } from '../pages/words/figures.ts';
import { since } from './heard.ts';

// How many columns of the tables come before the numbers.
export const STREAM_WORDS = 3;
export const SWARM_WORDS = 2;

// row makes a line of a table; each cell is told its head, which narrow screens show.
function row(heads: readonly string[], cells: (Node | string)[], words: number): HTMLTableRowElement {
  return make('tr', {}, ...cells.map((cell, i) => {
    const td = make('td', i < words ? {} : { class: 'number' }, cell);
    td.setAttribute('data-head', heads[i] ?? '');
    return td;
  }));
}

// heads is the line above them.
export function heads(names: readonly string[], words: number): HTMLTableCellElement[] {
  return names.map((name, i) => make('th', i < words ? {} : { class: 'number' }, name));
}

export const percent = (ratio: number, digits = 0): string => `${figure(100 * ratio, digits)}\u00a0%`;

// offload is the share of so many viewers: where there are none, there is none.
export const offload = (viewers: number, ratio: number): string => (viewers > 0 ? percent(ratio) : '–');

// badge says whether there is a swarm, and for how many.
function badge({ p2p, share }: Control): Node {
  const on = p2p && share > 0;
  return make('span', { class: on ? 'badge good' : 'badge live' }, !on ? figures().off : share < 1 ? figures().onFor(percent(share)) : figures().on);
}

// swarmRow shows how a swarm does, and what its operator allows. Partial: the figures are without a tracker, in words; '': they are whole.
export function swarmRow(s: Swarm, partial = ''): HTMLTableRowElement {
  const words = figures();
  const tried = s.linksOpened + s.linksNoAnswer + s.linksNoRoute;
  const links = make('span', {
    title: words.links(s.introductions, s.linksOpened, s.linksNoAnswer, s.linksNoRoute, s.linksLost),
  }, tried > 0 ? percent(s.linksOpened / tried) : '–');
  const most = s.control.maxUploadKbps;
  const some = (text: string | number): string => (partial ? words.atLeast(text) : String(text));
  const of = (text: string): string => (s.viewers > 0 ? text : '–'); // the last minute was of viewers who have gone
  return row(words.swarmHeads, [
    s.name,
    partial ? make('div', {}, badge(s.control), make('p', { class: 'dim' }, partial)) : badge(s.control),
    some(s.outside > 0 ? words.someOf(s.viewers - s.outside, s.viewers) : s.viewers),
    some(words.cells(s.cells, s.control.cellSize, s.roots, s.control.roots)),
    s.viewers > 0 ? some(figure(s.copies, 2)) : '–',
    links,
    s.viewers > 0 && s.latencySeconds > 0 ? `${figure(s.latencySeconds, 1)}\u00a0s` : '–',
    of(percent(s.stallRatio, 1)),
    most > 0 ? words.someOf(of(bits(1000 * s.uploadKbps)), bits(1000 * most)) : of(bits(1000 * s.uploadKbps)),
  ], SWARM_WORDS);
}

// unrecorded says that what is live is not written to disk, '' if it is, or need not be.
function unrecorded({ recording }: Stream): string {
  return recording?.state === 'stopped' ? figures().unrecorded(recording.why ?? figures().seeLog) : '';
}

// stateOf says how a stream is; of one of which nobody tells now, since when that is.
function stateOf(s: Stream): Node {
  if (s.heard !== undefined) return make('div', {}, make('span', { class: 'badge' }, figures().notKnown), make('p', { class: 'dim' }, since(s.heard)));
  const { live, text } = condition(s);
  return make('div', {}, make('span', { class: live ? 'badge live' : 'badge' }, text), s.state === 'interrupted' ? make('p', { class: 'dim' }, lasting(s)) : '');
}

// streamRows are a stream's line, and below it what its broadcaster should change, and what is not recorded, if anything. Base is where viewers watch; null: it is not known.
// Partly: some tracker did not tell, so what its viewers are in is not known.
export function streamRows(s: Stream, of: Swarm | undefined, base: string | null, partly = false): HTMLTableRowElement[] {
  const told = s.heard === undefined;
  const here = crowd(s, of, partly);
  const line = row(figures().streamHeads, [
    base === null ? s.name : make('a', { href: base + to(`/watch/${s.name}`) }, s.name),
    stateOf(s),
    picture(s),
    told ? bits(s.bitrate) : '–',
    s.protocol.toUpperCase(),
    here ? String(here.all) : '–',
    of && !partly ? offload(of.viewers, of.offload) : '–',
    told && s.state === 'live' ? duration(s.since) : '–',
  ], STREAM_WORDS);
  const notes = told ? [advised(s), unrecorded(s)].filter((note) => note !== '') : [];
  return [line, ...notes.map((note) => make('tr', { class: 'advice' }, make('td', { colspan: '8' }, note)))];
}
