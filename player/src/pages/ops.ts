// The operator page: what is on, and how it does.

import { ask, bits, condition, type Control, duration, every, find, make, picture, streams, type Swarm, swarms, unheard } from './api.ts';

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

// badge says whether there is a swarm, and for how many.
function badge({ p2p, share }: Control): Node {
  const on = p2p && share > 0;
  return make('span', { class: on ? 'badge good' : 'badge live' }, !on ? 'Off' : share < 1 ? `On for ${percent(share)}` : 'On');
}

// swarmRow shows how a swarm does, and what its operator allows.
function swarmRow(s: Swarm): HTMLTableRowElement {
  const tried = s.linksOpened + s.linksNoAnswer + s.linksNoRoute;
  const links = make('span', {
    title: `${s.introductions} introductions; links: ${s.linksOpened} opened, ${s.linksNoAnswer} had no answer, ${s.linksNoRoute} no route, ${s.linksLost} were lost`,
  }, tried > 0 ? percent(s.linksOpened / tried) : '–');
  const most = s.control.maxUploadKbps;
  return row(['Swarm', 'P2P', 'Viewers', 'Cells', 'Copies', 'Links that opened', 'Stalled', 'Upload each'], [
    s.name,
    badge(s.control),
    s.outside > 0 ? `${s.viewers - s.outside} of ${s.viewers}` : String(s.viewers),
    `${s.cells} of up to ${s.control.cellSize}, ${s.roots} of ${s.control.roots} roots`,
    s.copies.toFixed(2),
    links,
    percent(s.stallRatio, 1),
    bits(1000 * s.uploadKbps) + (most > 0 ? ` of ${bits(1000 * most)}` : ''),
  ], 2);
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
    find('#offload').textContent = viewers > 0 ? `${Math.round((100 * weighted) / viewers)} %` : '–';
    find('#steered').hidden = known.length === 0;
    swarmRows.replaceChildren(...known.map(swarmRow));
    find('#none').hidden = all.length > 0;
    rows.replaceChildren(
      ...all.map((s) => {
        const of = swarm.get(s.name);
        return row(['Stream', 'State', 'Picture', 'Bitrate', 'By', 'Viewers', 'Offload', 'On for'], [
          make('div', {}, make('a', { href: `/watch/${s.name}` }, s.name), s.advice ? make('p', { class: 'dim' }, s.advice) : ''),
          make('span', { class: condition(s).live ? 'badge live' : 'badge' }, condition(s).text),
          picture(s),
          bits(s.bitrate),
          s.protocol.toUpperCase(),
          of ? String(of.viewers) : '–',
          of ? percent(of.offload) : '–',
          s.state === 'ended' ? '–' : duration(s.since),
        ], 3);
      }),
    );
  } catch (error) {
    find('#why').textContent = error instanceof Error ? error.message : String(error);
  }
});
