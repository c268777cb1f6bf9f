// What the operator's page asks: on the admin listener all that the board there knows, on a public address what anybody may know.

import { added, ask, type Control, type Stream, streams, type Swarm, swarms as known, unheard } from '../pages/api.ts';
import { figures } from '../pages/words/figures.ts';
import { shared } from '../pages/words/shared.ts';
import { steering } from '../pages/words/steering.ts';
import { ongoing } from './heard.ts';

export interface Service {
  name: string; // HOST:PORT of its admin listener; '': the process of this page
  state: 'ready' | 'waiting' | 'away' | 'unknown'; // unknown: whoever asks it does not answer
  why: string;
  sent: number; // bytes a second to viewers; -1: not known
  viewers: number; // of a tracker; -1: not known
  self: { is: string[]; version: string; since: string; figures: Record<string, number> } | null;
}

// View is everything at one moment.
export interface View {
  streams: Stream[] | null; // null: not known
  unknown: string; // why they are not
  away: Stream[]; // of which nobody tells now
  swarms: Map<string, Swarm>;
  partly: boolean; // some tracker did not tell: sums would be wrong
  whole: string; // when all of them last told; '': not since the page is open
  services: Service[];
  health: { text: string; good: boolean };
  note: string; // what the operator should know; '' for nothing
  now: Series | null; // the same moment as a point of the charts
  lately: Lately;
  steers: boolean | null; // a tracker is known that can be told, and tells of its cells; null: not known, as one is silent
  defaults: Control | null; // of the trackers
  controls: Map<string, Control>; // that are known there, by stream
}

export type Value = number | null;

// Series is the last hour of a stream, or of all. The lists are as long as `at`.
export interface Series {
  stream: string;
  streams: string[];
  left: number;
  at: number[];
  viewers: Value[];
  offload: Value[];
  copies: Value[];
  latency: Value[];
  stalls: Value[];
  fromPeers: Value[]; // bytes a second
  fromEdge: Value[];
  sent: Value[];
}

export interface Member {
  viewer: number;
  sends: boolean;
  ready: boolean;
  uplinkKbps: number;
  told: { secondsAgo: number; fromPeersKbps: number; fromEdgeKbps: number; toPeersKbps: number; links: number; latencySeconds: number; stalledSeconds: number } | null;
}

export interface Cell {
  id: number;
  parent: number; // 0: it fetches from the edge
  depth: number;
  members: Member[];
  feeds: { from: number; to: number; fed: boolean }[];
}

export interface Cells {
  name: string;
  keeps: boolean;
  viewers: number;
  outside: number;
  total: number;
  cells: Cell[];
}

// Lately is what viewers got from peers in the last hour, or since the process of the page began; null: not known.
export interface Lately {
  bytes: Value;
  seconds: Value;
}

interface State {
  services: Service[];
  streams: Stream[] | null;
  unknown: { at: string; stream: Stream }[];
  swarms: Swarm[][];
  controls: { defaults: Control; controls: (Control & { name: string })[]; warning?: string }[];
  unheard: number;
  lately: Lately;
  now: Series | null;
}

// json is an answer that has to be one.
async function json<T>(url: string): Promise<T> {
  const response = await ask(url);
  if (!response.ok) throw new Error((await response.text()).trim() || shared().answered(response.status));
  return (await response.json()) as T;
}

// desk is what the board of an admin listener knows. Its point of the charts is of one stream; '': of all.
export async function desk(stream: string): Promise<View> {
  const state = await json<State>(`/api/v1/ops${stream && `?stream=${encodeURIComponent(stream)}`}`);
  const words = figures();
  const amiss = state.services.filter((s) => s.state !== 'ready');
  const notes = state.controls.flatMap(({ warning }) => (warning ? [warning] : []));
  if (state.unheard > 0) notes.push(words.silent(state.unheard));
  const some = (...kinds: string[]): boolean => state.services.some((s) => s.self?.is.some((kind) => kinds.includes(kind)));
  const steers = some('tracker') || (state.unheard > 0 ? null : false);
  if (!steers && (state.swarms.length > 0 || state.unheard === 0)) {
    notes.push(state.swarms.length > 0 ? words.cellsElsewhere : words.noTracker);
  }
  const swarms = added(state.swarms);
  const controls = new Map<string, Control>();
  for (const { name, p2p, share, cellSize, roots, maxUploadKbps } of state.controls[0]?.controls ?? []) { // as they are now: figures may be a second old
    const control = { p2p, share, cellSize, roots, maxUploadKbps };
    controls.set(name, control);
    const swarm = swarms.get(name);
    if (swarm) swarm.control = control;
  }
  const count = state.services.length;
  return {
    streams: state.streams,
    unknown: some('origin', 'edge') ? words.notNow : words.streamsElsewhere,
    away: state.unknown.map(({ at, stream }) => ({ ...stream, heard: at })).filter(ongoing),
    swarms,
    partly: state.unheard > 0,
    whole: '',
    now: state.now,
    lately: state.lately,
    steers,
    services: state.services,
    health: amiss.length === 0
      ? { text: count === 1 ? words.ready : words.allReady(count), good: true }
      : { text: count === 1 ? words.notReady : words.someNotReady(amiss.length, count), good: false },
    note: [...new Set(notes)].join(' '),
    defaults: state.controls[0]?.defaults ?? null,
    controls,
  };
}

// shown is what anybody may know.
export async function shown(): Promise<View> {
  const words = figures();
  const ready = await ask('/readyz').catch(() => null);
  const note = ready && !ready.ok ? (await ready.text().catch(() => '')).slice(0, 300) : '';
  const view: View = {
    streams: null, unknown: words.notNow, away: [], swarms: new Map(), partly: false, whole: '', now: null, services: [], note, lately: { bytes: null, seconds: null }, steers: false, defaults: null,
    controls: new Map(), health: { text: ready === null ? words.unreachable : ready.ok ? words.ready : words.notReady, good: ready?.ok ?? false },
  };
  try {
    [view.streams, view.swarms] = await Promise.all([streams(), known()]);
    view.partly = unheard > 0;
    if (unheard > 0) view.note ||= words.silent(unheard);
  } catch (error) {
    view.note = error instanceof Error ? error.message : String(error);
  }
  return view;
}

export const series = (stream: string): Promise<Series> => json(`/api/v1/ops/history?stream=${encodeURIComponent(stream)}`);

// unwatched is the hour of a stream that had no viewers in it, as the hour of all has none of its own.
export const unwatched = (stream: string, { streams, left }: Series): Series =>
  ({ stream, streams, left, at: [], viewers: [], offload: [], copies: [], latency: [], stalls: [], fromPeers: [], fromEdge: [], sent: [] });

export const cellsOf = (stream: string): Promise<Cells> => json(`/api/v1/ops/cells/${encodeURIComponent(stream)}`);

// Outcome of a change: what is amiss, '' for nothing; and whether it was refused, so that nothing was changed.
export interface Outcome {
  amiss: string;
  refused: boolean;
}

// steer changes how a stream's swarm is run, at all trackers; with 'PUT' what is not named is as by default.
export async function steer(stream: string, method: 'PATCH' | 'PUT', change: Partial<Control>): Promise<Outcome> {
  const response = await fetch(`/api/v1/ops/control/${encodeURIComponent(stream)}`, {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(change),
    signal: AbortSignal.timeout(5000),
  }).catch(() => null);
  if (!response) return { amiss: steering().noAnswer, refused: false };
  if (!response.ok) return { amiss: steering().refused((await response.text()).trim()), refused: true };
  const { told } = (await response.json()) as { told: { service: string; error: string; control: { warning?: string } | null }[] };
  const amiss = told.filter(({ error }) => error !== '').map(({ service, error }) => `${service || figures().thisProcess}: ${error}`);
  const warnings = told.flatMap(({ control }) => (control?.warning ? [control.warning] : []));
  return { amiss: [...new Set([...amiss, ...warnings])].join(' '), refused: false };
}
