// Streams and swarms as lines of tables.

import { bits, condition, type Control, duration, lasting, make, picture, type Stream, type Swarm } from '../pages/api.ts';

// row makes a line of a table; each cell is told its head, which narrow screens show.
function row(heads: string[], cells: (Node | string)[], words: number): HTMLTableRowElement {
  return make('tr', {}, ...cells.map((cell, i) => {
    const td = make('td', i < words ? {} : { class: 'number' }, cell);
    td.setAttribute('data-head', heads[i] ?? '');
    return td;
  }));
}

export const percent = (ratio: number, digits = 0): string => `${(100 * ratio).toFixed(digits)}\u00a0%`;

// offload is the share of so many viewers: where there are none, there is none.
export const offload = (viewers: number, ratio: number): string => (viewers > 0 ? percent(ratio) : '–');

// badge says whether there is a swarm, and for how many.
function badge({ p2p, share }: Control): Node {
  const on = p2p && share > 0;
  return make('span', { class: on ? 'badge good' : 'badge live' }, !on ? 'Off' : share < 1 ? `On for ${percent(share)}` : 'On');
}

// swarmRow shows how a swarm does, and what its operator allows.
export function swarmRow(s: Swarm): HTMLTableRowElement {
  const tried = s.linksOpened + s.linksNoAnswer + s.linksNoRoute;
  const links = make('span', {
    title: `${s.introductions} introductions; links: ${s.linksOpened} opened, ${s.linksNoAnswer} had no answer, ${s.linksNoRoute} no route, ${s.linksLost} were lost`,
  }, tried > 0 ? percent(s.linksOpened / tried) : '–');
  const most = s.control.maxUploadKbps;
  const of = (text: string): string => (s.viewers > 0 ? text : '–'); // the last minute was of viewers who have gone
  return row(['Swarm', 'P2P', 'Known viewers', 'Cells', 'Copies', 'Links that opened', 'Behind live', 'Stalled', 'Upload each'], [
    s.name,
    badge(s.control),
    s.outside > 0 ? `${s.viewers - s.outside} of ${s.viewers}` : String(s.viewers),
    `${s.cells} of up to ${s.control.cellSize}, ${s.roots} of ${s.control.roots} roots`,
    of(s.copies.toFixed(2)),
    links,
    s.viewers > 0 && s.latencySeconds > 0 ? `${s.latencySeconds.toFixed(1)}\u00a0s` : '–',
    of(percent(s.stallRatio, 1)),
    of(bits(1000 * s.uploadKbps)) + (most > 0 ? ` of ${bits(1000 * most)}` : ''),
  ], 2);
}

// unrecorded says that what is live is not written to disk, '' if it is, or need not be.
function unrecorded({ recording }: Stream): string {
  return recording?.state === 'stopped' ? `Its recording has stopped: ${recording.why ?? 'see the log of the origin'}. The live goes on, and the recording by itself when it can.` : '';
}

// streamRows are a stream's line, and below it what its broadcaster should change, and what is not recorded, if anything. Base is where viewers watch; null: it is not known.
export function streamRows(s: Stream, of: Swarm | undefined, base: string | null): HTMLTableRowElement[] {
  const line = row(['Stream', 'State', 'Picture', 'Bitrate', 'By', 'Known viewers', 'Offload', 'On for'], [
    base === null ? s.name : make('a', { href: `${base}/watch/${s.name}` }, s.name),
    make('div', {}, make('span', { class: condition(s).live ? 'badge live' : 'badge' }, condition(s).text), s.state === 'interrupted' ? make('p', { class: 'dim' }, lasting(s)) : ''),
    picture(s),
    bits(s.bitrate),
    s.protocol.toUpperCase(),
    of ? String(of.viewers) : '–',
    of ? offload(of.viewers, of.offload) : '–',
    s.state === 'live' ? duration(s.since) : '–',
  ], 3);
  const notes = [s.advice, unrecorded(s)].filter((note) => note !== '');
  return [line, ...notes.map((note) => make('tr', { class: 'advice' }, make('td', { colspan: '8' }, note)))];
}
