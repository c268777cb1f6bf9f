// The operator page: what is on, and how it does.

import { bits, condition, duration, every, find, make, picture, streams, swarms } from './api.ts';

const rows = find('#rows');

every(2000, async () => {
  const ready = await fetch('/readyz').catch(() => null);
  const health = find('#health');
  health.className = ready?.ok ? 'badge good' : 'badge live';
  health.textContent = ready === null ? 'Unreachable' : ready.ok ? 'Ready' : 'Not ready';
  find('#why').textContent = ready && !ready.ok ? (await ready.text()).slice(0, 300) : '';
  try {
    const [all, swarm] = await Promise.all([streams(), swarms()]);
    const live = all.filter((s) => s.state === 'live');
    const known = [...swarm.values()];
    const viewers = known.reduce((sum, s) => sum + s.viewers, 0);
    const weighted = known.reduce((sum, s) => sum + s.viewers * s.offload, 0);
    find('#live').textContent = String(live.length);
    find('#ingest').textContent = bits(live.reduce((sum, s) => sum + s.bitrate, 0));
    find('#viewers').textContent = swarm.size > 0 ? String(viewers) : '–';
    find('#offload').textContent = viewers > 0 ? `${Math.round((100 * weighted) / viewers)} %` : '–';
    find('#none').hidden = all.length > 0;
    rows.replaceChildren(
      ...all.map((s) => {
        const of = swarm.get(s.name);
        const cells = [
          make('td', {}, make('a', { href: `/watch/${s.name}` }, s.name), s.advice ? make('p', { class: 'dim' }, s.advice) : ''),
          make('td', {}, make('span', { class: condition(s).live ? 'badge live' : 'badge' }, condition(s).text)),
          make('td', {}, picture(s)),
          make('td', { class: 'number' }, bits(s.bitrate)),
          make('td', { class: 'number' }, s.protocol.toUpperCase()),
          make('td', { class: 'number' }, of ? String(of.viewers) : '–'),
          make('td', { class: 'number' }, of ? `${Math.round(of.offload * 100)} %` : '–'),
          make('td', { class: 'number' }, duration(s.since)),
        ];
        const heads = ['Stream', 'State', 'Picture', 'Bitrate', 'By', 'Viewers', 'Offload', 'On for'];
        cells.forEach((cell, i) => cell.setAttribute('data-head', heads[i] ?? ''));
        return make('tr', {}, ...cells);
      }),
    );
  } catch (error) {
    find('#why').textContent = error instanceof Error ? error.message : String(error);
  }
});
