// The operator page: what is on, and how it does.

import { ask, bits, condition, type Control, duration, every, find, lasting, make, picture, type Stream, streams, type Swarm, swarms, unheard } from './api.ts';

const rows = find('#rows');
const swarmRows = find('#swarms');

// row makes a line of a table; each cell is told its head, which narrow screens show.
function row(heads: string[], cells: (Node | string)[], words: number): HTMLTableRowElement {
  return make('tr', {}, ...cells.map((cell, i) => {
    const td = make('td', i < words ? {} : { class: 'number' }, cell);
    td.setAttribute('data-head', heads[i] ?? '');
    return td;
  }));
}

const percent = (ratio: number, digits = 0): string => `${(100 * ratio).toFixed(digits)}\u00a0%`;

// offload is the share of so many viewers: where there are none, there is none.
const offload = (viewers: number, ratio: number): string => (viewers > 0 ? percent(ratio) : '–');

// badge says whether there is a swarm, and for how many.
function badge({ p2p, share }: Control): Node {
  const on = p2p && share > 0;
  return make('span', { class: on ? 'badge good' : 'badge live' }, !on ? 'Off' : share < 1 ? `On for ${percent(share)}` : 'On');
}

// unrecorded says that what is live is not written to disk, '' if it is, or need not be.
function unrecorded({ recording }: Stream): string {
  return recording?.state === 'stopped' ? `Its recording has stopped: ${recording.why ?? 'see the log of the origin'}. The live goes on, and the recording by itself when it can.` : '';
}

// swarmRow shows how a swarm does, and what its operator allows.
function swarmRow(s: Swarm): HTMLTableRowElement {
  const tried = s.linksOpened + s.linksNoAnswer + s.linksNoRoute;
  const links = make('span', {
    title: `${s.introductions} introductions; links: ${s.linksOpened} opened, ${s.linksNoAnswer} had no answer, ${s.linksNoRoute} no route, ${s.linksLost} were lost`,
  }, tried > 0 ? percent(s.linksOpened / tried) : '–');
  const most = s.control.maxUploadKbps;
  return row(['Swarm', 'P2P', 'Viewers', 'Cells', 'Copies', 'Links that opened', 'Behind live', 'Stalled', 'Upload each'], [
    s.name,
    badge(s.control),
    s.outside > 0 ? `${s.viewers - s.outside} of ${s.viewers}` : String(s.viewers),
    `${s.cells} of up to ${s.control.cellSize}, ${s.roots} of ${s.control.roots} roots`,
    s.copies.toFixed(2),
    links,
    s.latencySeconds > 0 ? `${s.latencySeconds.toFixed(1)}\u00a0s` : '–',
    percent(s.stallRatio, 1),
    bits(1000 * s.uploadKbps) + (most > 0 ? ` of ${bits(1000 * most)}` : ''),
  ], 2);
}

// What a gigabyte of traffic costs whoever looks, in his currency; remembered in his browser where it may be.
const price = find<HTMLInputElement>('#price');
const PRICE = 'shoal-price';
try {
  price.value = localStorage.getItem(PRICE) ?? '';
} catch {
  // it is asked for again
}
let spared = 0; // bytes that came from peers and not from an edge, since the streams that are listed came
price.addEventListener('input', () => {
  try {
    localStorage.setItem(PRICE, price.value);
  } catch {
    // as above
  }
  save();
});

function save(): void {
  const gigabytes = spared / 1e9;
  const rate = Number(price.value);
  const amount = gigabytes * rate;
  find('#spared').textContent = spared > 0 ? `${gigabytes.toFixed(gigabytes < 10 ? 2 : 0)} GB` : '–';
  find('#saved').textContent = price.value !== '' && rate >= 0 && spared > 0 ? `saves ${amount === 0 || amount >= 0.01 ? amount.toFixed(2) : amount.toPrecision(1)}` : '';
}

every(2000, async () => {
  const ready = await ask('/readyz').catch(() => null);
  const health = find('#health');
  health.className = ready?.ok ? 'badge good' : 'badge live';
  health.textContent = ready === null ? 'Unreachable' : ready.ok ? 'Ready' : 'Not ready';
  find('#why').textContent = ready && !ready.ok ? (await ready.text().catch(() => '')).slice(0, 300) : '';
  try {
    const [all, swarm] = await Promise.all([streams(), swarms()]);
    if (unheard > 0) find('#why').textContent ||= `${unheard} of the trackers did not answer: their viewers are not counted here.`;
    const live = all.filter((s) => s.state === 'live');
    const known = [...swarm.values()];
    const viewers = known.reduce((sum, s) => sum + s.viewers, 0);
    const weighted = known.reduce((sum, s) => sum + s.viewers * s.offload, 0);
    find('#live').textContent = String(live.length);
    find('#ingest').textContent = bits(live.reduce((sum, s) => sum + s.bitrate, 0));
    find('#viewers').textContent = swarm.size > 0 ? String(viewers) : '–';
    find('#offload').textContent = offload(viewers, weighted / viewers);
    spared = known.reduce((sum, s) => sum + s.bytesFromPeers, 0);
    save();
    find('#steered').hidden = known.length === 0;
    swarmRows.replaceChildren(...known.map(swarmRow));
    find('#none').hidden = all.length > 0;
    rows.replaceChildren(
      ...all.flatMap((s) => {
        const of = swarm.get(s.name);
        const line = row(['Stream', 'State', 'Picture', 'Bitrate', 'By', 'Viewers', 'Offload', 'On for'], [
          make('a', { href: `/watch/${s.name}` }, s.name),
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
      }),
    );
  } catch (error) {
    find('#why').textContent = error instanceof Error ? error.message : String(error);
  }
});
