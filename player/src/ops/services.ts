// The services that are known here, with their health and what each does.

import { make } from '../make.ts';
import { duration } from '../pages/api.ts';
import { figure } from '../pages/language.ts';
import { figures as words } from '../pages/words/figures.ts';
import { rate } from './charts.ts';
import type { Service } from './desk.ts';

const says = (state: Service['state']): string => ({ ready: words().ready, waiting: words().notReady, away: words().away, unknown: words().notKnown })[state];

export function serviceRow(s: Service): HTMLTableRowElement {
  const figures = s.self?.figures ?? {};
  const cells: (Node | string)[] = [
    s.name || words().thisProcess,
    make('div', {}, make('span', { class: s.state === 'ready' ? 'badge good' : 'badge live' }, says(s.state)), s.why ? make('p', { class: 'dim' }, s.why) : ''),
    s.self?.is.join(', ') || '–',
    s.self ? does(s).join(' · ') || '–' : '–',
    size(figures.process_resident_memory_bytes),
    s.self ? duration(s.self.since) : '–',
    s.self ? make('span', { title: s.self.version }, s.self.version.replace(/(commit [0-9a-f]{7})[0-9a-f]+/, '$1')) : '–',
  ];
  return make('tr', {}, ...cells.map((cell, i) => make('td', { 'data-head': words().serviceHeads[i] ?? '' }, cell)));
}

// does says what there is to say of each kind of service.
export function does({ self, sent, viewers }: Service): string[] {
  const of = (name: string): number => self?.figures[name] ?? 0;
  const said = words();
  const found: string[] = [];
  if (self?.is.includes('origin')) found.push(said.coming(of('shoal_origin_streams')));
  if (self?.is.includes('edge')) {
    if (sent >= 0) found.push(said.sends(rate(sent)));
    found.push(said.requestsHeld(of('shoal_edge_held_requests')), said.cached(size(of('shoal_edge_cache_bytes'))));
    if (of('shoal_edge_upstreams_out') > 0) found.push(said.upstreamsOut(of('shoal_edge_upstreams_out')));
    if (of('shoal_edge_memory_short') > 0) found.push(said.shortOfMemory);
    if (of('shoal_edge_disk_off') > 0) found.push(said.diskRests);
  }
  if (self?.is.includes('tracker')) {
    if (viewers >= 0) found.push(said.viewers(viewers));
    if (of('shoal_tracker_store_failures_total') > 0) found.push(said.redisFailed(of('shoal_tracker_store_failures_total')));
  }
  if (of('shoal_http_connections_shed_total') > 0) found.push(said.turnedAway(of('shoal_http_connections_shed_total')));
  return found;
}

// held says how many requests wait at edges for what comes next. Each viewer who shares with nobody has about one there, and each who asks for the others.
export function held(services: readonly Service[]): string {
  const edges = services.filter(({ self }) => self?.is.includes('edge'));
  return edges.length === 0 ? '' : words().heldAtEdges(edges.reduce((sum, { self }) => sum + (self?.figures.shoal_edge_held_requests ?? 0), 0));
}

function size(bytes: number | undefined): string {
  if (bytes === undefined) return '–';
  return bytes >= 1e9 ? `${figure(bytes / 1e9, 1)}\u00a0GB` : `${Math.round(bytes / 1e6)}\u00a0MB`;
}
