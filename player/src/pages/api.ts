// What the pages ask of the server: which streams there are, and how the swarm does.

import { rate } from '../decimal.ts';
import { make } from '../make.ts';
import { spoken } from './language.ts';
import type { Hint } from './words/advice.ts';
import { shared } from './words/shared.ts';

export interface Stream {
  name: string;
  state: 'live' | 'interrupted' | 'ended';
  since: string;
  protocol: string;
  bitrate: number;
  gopSeconds: number;
  advice: string; // in English
  hints?: Hint[]; // the same by codes; of an origin that has them
  tracks: string[];
  heard?: string; // when it was told of last, where nobody tells of it now
  thumbnail?: string | null;
  watching?: number | null; // null: not known
  inSwarm?: number | null; // of them
  atEdges?: number; // of them, who gets all from edges
  viewers?: number | null; // whom trackers know
  offload?: number | null;
  recording?: { state: 'working' | 'stopped'; why: string | null } | null; // null: nothing is written to disk
  renditions: { index: number; codecs: string; width: number; height: number; frameRate: number }[];
}

export interface Swarm {
  name: string;
  viewers: number; // whom the tracker knows: not who shares with nobody
  outside: number; // of them, in no cell, because of the control
  newcomers?: number; // who came into cells of late: edges may count them yet
  cells: number;
  roots: number;
  offload: number;
  copies: number;
  latencySeconds: number; // behind live, in the mean; 0: nobody has told yet
  bytesFromPeers: number; // since the stream came
  stallRatio: number;
  uploadKbps: number; // of a viewer, in the mean
  introductions: number;
  linksOpened: number;
  linksNoAnswer: number;
  linksNoRoute: number;
  linksLost: number;
  control: Control;
  swarm?: { trackers: number; viewers: number }; // of all trackers, as they tell each other
}

// Control is how the operator wants the swarm of a stream to be run.
export interface Control {
  p2p: boolean;
  share: number;
  cellSize: number;
  roots: number;
  maxUploadKbps: number;
}

const ANSWER_MILLIS = 5000;

// ask gets what is at a URL of the server; one that does not answer in time is an error.
export function ask(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(ANSWER_MILLIS) }).catch(() => {
    throw new Error(shared().noAnswer);
  });
}

export async function streams(): Promise<Stream[]> {
  const response = await ask('/api/v1/streams');
  if ([502, 503, 504].includes(response.status) && !byEdge(response)) throw new Error(shared().noServer);
  if (response.status === 502 || response.status === 504) throw new Error(shared().noOrigin);
  if (!response.ok) throw new Error(shared().answered(response.status));
  const { streams: list } = (await response.json()) as { streams: Stream[] | null };
  return list ?? [];
}

// byEdge tells whether it was our server that answered so, and not something in front of it that does not reach it.
function byEdge({ headers }: Response): boolean {
  return /(^|,)\s*shoal\b/.test(headers.get('Cache-Status') ?? '');
}

// amiss is what is wrong, in the words of who threw it; what comes from a browser instead, as of an answer that is cut off, is no answer.
export function amiss(error: unknown): string {
  return error instanceof Error && error.constructor === Error ? error.message : shared().noAnswer;
}

// Described is what the server says of a stream, null if it knows of none; and what is amiss where it does not tell, '' for nothing.
export interface Described {
  stream: Stream | null;
  amiss: string;
}

// described asks the list: that a name is not on air yet is no failed request.
export async function described(name: string): Promise<Described> {
  try {
    return { stream: (await streams()).find((stream) => stream.name === name) ?? null, amiss: '' };
  } catch (error) {
    return { stream: null, amiss: amiss(error) };
  }
}

const SELDOM = 30_000; // milliseconds: a server that has not these numbers is asked again
const SOON = 2000; // and one that does not answer, as it is away for a moment; twice as long each further time
const MOST = 4000; // milliseconds: no longer than that however often it did not answer

let silentUntil = 0;
let failures = 0; // to answer, in a row

// unheard is how many of several trackers did not answer when swarms was called last.
export let unheard = 0;

interface Figures {
  streams: Swarm[] | null;
  trackers?: string[]; // where they are, if there are several
}

// figures are null where the server has none, and undefined where it does not answer, which is told by the caller's own request.
async function figures(url: string): Promise<Figures | null | undefined> {
  try {
    const response = await ask(url);
    if (response.ok) return (await response.json()) as Figures;
    return response.status === 429 || response.status >= 500 ? undefined : null;
  } catch {
    return undefined;
  }
}

// silence keeps a server that did not tell from being asked for a while; whom all its pages have lost at once they ask one after the other.
function silence(millis: number): void {
  silentUntil = performance.now() + (millis / 2) * (1 + Math.random());
}

// swarms returns what the trackers know, by stream; empty where they do not tell.
export async function swarms(): Promise<Map<string, Swarm>> {
  unheard = 0;
  if (performance.now() < silentUntil) return new Map();
  const own = await figures('/api/v1/swarm');
  if (!own) {
    failures = own === null ? 0 : failures + 1;
    silence(failures === 0 ? SELDOM : Math.min(MOST, SOON * 2 ** (failures - 1)));
    return new Map();
  }
  failures = 0;
  const others = await Promise.all((own.trackers ?? []).map(figures));
  unheard = others.filter((part) => !part).length;
  if (others.length === 0) return added([(own.streams ?? []).map(whole)]);
  return added([own, ...others].map((part) => part?.streams ?? []));
}

// whole is what one tracker tells where the others cannot be asked, as behind a proxy with one address for all: of the viewers in
// cells each of them knows the number at all.
function whole(one: Swarm): Swarm {
  const { trackers, viewers } = one.swarm ?? { trackers: 1, viewers: 0 };
  if (trackers <= 1) return one;
  const all = Math.max(one.viewers, viewers + one.outside);
  return { ...one, viewers: all, newcomers: Math.ceil(((one.newcomers ?? 0) * all) / Math.max(1, one.viewers)) };
}

// added adds up what several trackers tell, each of its own viewers. What is of a viewer in the mean counts as often as there are
// viewers; the control is the same at all.
export function added(parts: Swarm[][]): Map<string, Swarm> {
  const all = new Map<string, Swarm>();
  for (const s of parts.flat()) {
    const sum = all.get(s.name);
    if (!sum) {
      all.set(s.name, { ...s });
      continue;
    }
    const viewers = sum.viewers + s.viewers;
    const mean = (a: number, b: number): number => (viewers > 0 ? (a * sum.viewers + b * s.viewers) / viewers : 0);
    sum.offload = mean(sum.offload, s.offload);
    sum.stallRatio = mean(sum.stallRatio, s.stallRatio);
    sum.uploadKbps = mean(sum.uploadKbps, s.uploadKbps);
    sum.latencySeconds = mean(sum.latencySeconds, s.latencySeconds);
    sum.viewers = viewers;
    sum.newcomers = (sum.newcomers ?? 0) + (s.newcomers ?? 0);
    for (const count of COUNTS) sum[count] += s[count];
  }
  return all;
}

// Copies of each chunk are the edge's bytes over a viewer's worth of them, so they add up too.
const COUNTS = ['bytesFromPeers', 'outside', 'cells', 'roots', 'copies', 'introductions', 'linksOpened', 'linksNoAnswer', 'linksNoRoute', 'linksLost'] as const;

// every calls work now and then every so many milliseconds, while the page is seen; never twice at once.
export function every(millis: number, work: () => Promise<void>): void {
  let busy = false;
  const run = async (): Promise<void> => {
    if (busy || document.visibilityState === 'hidden') return;
    busy = true;
    await work().finally(() => (busy = false));
  };
  setInterval(() => void run(), millis);
  document.addEventListener('visibilitychange', () => void run());
  void run();
}

export function bits(perSecond: number): string {
  return rate(perSecond / 8, spoken());
}

export function duration(since: string | number): string {
  const seconds = Math.max(0, Math.floor((Date.now() - new Date(since).getTime()) / 1000));
  if (seconds < 60) return shared().seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? shared().minutes(minutes) : shared().hours(Math.floor(minutes / 60), minutes % 60);
}

// lasting says for how long a stream has been on, or away; '' if it is over.
export function lasting({ state, since }: Stream): string {
  const words = shared();
  return state === 'ended' ? '' : (state === 'live' ? words.onFor : words.awayFor)(duration(since));
}

// rtmpAddress is where programs broadcast to, of what the edge says: a URL, or a port of this host; '' where it does not know.
export function rtmpAddress(server = ''): string {
  return server.startsWith(':') ? `rtmp://${location.hostname}${server === ':1935' ? '' : server}/live` : server;
}

// copied puts a text into the clipboard, and says so on the button for a moment; where that is not allowed it is shown to be copied by hand.
export function copied(button: HTMLButtonElement, text: string): void {
  const before = button.textContent;
  const words = shared();
  const done = (): void => {
    button.textContent = words.copied;
    setTimeout(() => (button.textContent = before), 1600);
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, () => prompt(words.copy, text));
  else prompt(words.copy, text);
}

// condition returns the badge that says how a stream is, null for a stream that is not known.
export function condition(stream: Stream | null): { text: string; live: boolean } {
  const words = shared();
  if (stream?.state === 'live') return { text: words.live, live: true };
  return { text: stream?.state === 'interrupted' ? words.interrupted : stream ? words.ended : words.offline, live: false };
}

// elsewhere says how a stream is on air that is not published from here; '' if it is not.
export function elsewhere(stream: Stream | null): string {
  return stream?.state === 'live' ? shared().onAirBy(stream.protocol.toUpperCase()) : '';
}

// picture says what a stream looks like: "720p, 30 fps · H264, AAC".
export function picture(stream: Stream): string {
  const best = [...(stream.renditions ?? [])].sort((a, b) => b.height - a.height)[0];
  const size = best?.height ? `${best.height}p${best.frameRate ? `, ${shared().fps(Math.round(best.frameRate))}` : ''}` : '';
  const tracks = (stream.tracks ?? []).map((track) => track.replace('MPEG-4 Audio', 'AAC')).join(', ');
  return [size, tracks].filter((word) => word !== '').join(' · ');
}

// list fills a list of what there is, and how much of it.
export function list(where: HTMLElement, rows: [string, string][]): void {
  where.replaceChildren(...rows.map(([what, much]) => make('div', {}, make('dt', {}, what), make('dd', {}, much))));
}

// find returns an element that the page must have.
export function find<E extends HTMLElement>(selector: string): E {
  const found = document.querySelector<E>(selector);
  if (!found) throw new Error(`page: no ${selector}`);
  return found;
}
