// The services that are known here, with their health and what each does.

import { duration, make } from '../pages/api.ts';
import { rate } from './charts.ts';
import { counted } from './counted.ts';
import type { Service } from './desk.ts';

const HEADS = ['Service', 'Health', 'Is', 'Does', 'Memory', 'Up for', 'Version'];

const states: Record<Service['state'], { text: string; kind: string }> = {
  ready: { text: 'Ready', kind: 'badge good' },
  waiting: { text: 'Not ready', kind: 'badge live' },
  away: { text: 'Away', kind: 'badge live' },
};

export function serviceRow(s: Service): HTMLTableRowElement {
  const { text, kind } = states[s.state];
  const figures = s.self?.figures ?? {};
  const cells: (Node | string)[] = [
    s.name || 'This process',
    make('div', {}, make('span', { class: kind }, text), s.why ? make('p', { class: 'dim' }, s.why) : ''),
    s.self?.is.join(', ') || '–',
    s.self ? does(s).join(' · ') || '–' : '–',
    size(figures.process_resident_memory_bytes),
    s.self ? duration(s.self.since) : '–',
    s.self ? make('span', { title: s.self.version }, s.self.version.replace(/(commit [0-9a-f]{7})[0-9a-f]+/, '$1')) : '–',
  ];
  return make('tr', {}, ...cells.map((cell, i) => make('td', { 'data-head': HEADS[i] ?? '' }, cell)));
}

// does says what there is to say of each kind of service.
function does({ self, sent }: Service): string[] {
  const of = (name: string): number => self?.figures[name] ?? 0;
  const found: string[] = [];
  if (self?.is.includes('origin')) found.push(`${counted(of('shoal_origin_streams'), 'stream', 'streams')} coming in`);
  if (self?.is.includes('edge')) {
    if (sent >= 0) found.push(`sends ${rate(sent)}`);
    found.push(`${counted(of('shoal_edge_held_requests'), 'request', 'requests')} held`, `${size(of('shoal_edge_cache_bytes'))} cached`);
    if (of('shoal_edge_upstreams_out') > 0) found.push(`${counted(of('shoal_edge_upstreams_out'), 'origin or parent', 'origins or parents')} out`);
    if (of('shoal_edge_memory_short') > 0) found.push('short of memory');
    if (of('shoal_edge_disk_off') > 0) found.push('its disk failed');
  }
  if (self?.is.includes('tracker')) {
    found.push(counted(of('shoal_tracker_viewers'), 'known viewer', 'known viewers'));
    if (of('shoal_tracker_store_failures_total') > 0) found.push(`${of('shoal_tracker_store_failures_total')} failures of Redis`);
  }
  if (of('shoal_http_connections_shed_total') > 0) found.push(`${of('shoal_http_connections_shed_total')} turned away`);
  return found;
}

// held says how many requests wait at edges for what comes next. Each viewer who shares with nobody has about one there, and each who asks for the others.
export function held(services: readonly Service[]): string {
  const edges = services.filter(({ self }) => self?.is.includes('edge'));
  return edges.length === 0 ? '' : `${counted(edges.reduce((sum, { self }) => sum + (self?.figures.shoal_edge_held_requests ?? 0), 0), 'request', 'requests')} held at edges`;
}

function size(bytes: number | undefined): string {
  if (bytes === undefined) return '–';
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)}\u00a0GB` : `${Math.round(bytes / 1e6)}\u00a0MB`;
}
