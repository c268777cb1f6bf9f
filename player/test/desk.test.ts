// What the operator's page knows, and what it says of what it does not.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { desk, type Series, shown } from '../src/ops/desk.ts';
import { Heard, since, without } from '../src/ops/heard.ts';
import { Hour } from '../src/ops/hour.ts';
import { currencyOf, inWords, money, Saved } from '../src/ops/saved.ts';
import { streamRows, swarmRow } from '../src/ops/tables.ts';
import { whyNot } from '../src/ops/tiles.ts';
import type { Stream, Swarm } from '../src/pages/api.ts';
import type { Crowd } from '../src/pages/crowd.ts';

let answers: Record<string, [status: number, body: unknown]> = {};
beforeEach(() => (answers = {}));

Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en'] }, configurable: true });
globalThis.fetch = (url) => {
  const [status, body] = answers[String(url)] ?? [404, 'no such path'];
  return Promise.resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers: { 'Cache-Status': 'shoal; fwd=miss' } }));
};

const stream = { name: 'demo', state: 'live' };
const swarm = { name: 'demo', viewers: 2, outside: 0 };
const service = (...is: string[]): object => ({ name: '', state: 'ready', why: '', sent: -1, viewers: -1, self: { is, figures: {} } });
const state = (more: object): [number, object] => [200, { services: [service('edge')], streams: [stream], unknown: [], swarms: [], controls: [], unheard: 0, now: null, ...more }];

test('an edge alone knows its streams, and says what it cannot know', async () => {
  answers = { '/api/v1/ops': state({}) };
  let view = await desk('');
  assert.deepEqual([view.streams?.length, view.steers], [1, false]);
  assert.match(view.note, /^No tracker is known here: viewers, cells and switches /);
  answers = { '/api/v1/ops': state({ swarms: [[swarm]] }) };
  view = await desk('');
  assert.deepEqual([view.swarms.get('demo')?.viewers, view.steers], [2, false]);
  assert.match(view.note, /^Cells and switches are shown where -ops names/);
  answers = { '/api/v1/ops': state({ unheard: 1 }) };
  view = await desk('');
  assert.doesNotMatch(view.note, /No tracker is known/, 'one is, and does not answer');
  assert.equal(view.steers, null, 'whether it can be steered is not known then');
});

test('a tracker alone knows no streams, which is not that there are none', async () => {
  answers = { '/api/v1/ops': state({ services: [service('tracker')], streams: null, swarms: [[swarm]] }) };
  const view = await desk('');
  assert.deepEqual([view.streams, view.steers, view.note], [null, true, '']);
  assert.match(view.unknown, /^Streams are not known here: -ops names/);
});

test('while the origin is away nobody says that there are no streams', async () => {
  answers = { '/api/v1/ops': state({ streams: null }) };
  let view = await desk('');
  assert.equal(view.streams, null);
  assert.match(view.unknown, /^Which streams there are is not known now/);
  answers = { '/readyz': [503, 'not ready: no origin answers'], '/api/v1/streams': [502, 'bad gateway'] };
  view = await shown();
  assert.deepEqual([view.streams, view.note], [null, 'The server has lost the source of the streams.']);
  assert.match(view.unknown, /^Which streams there are is not known now/);
  answers = { '/readyz': [200, 'ready'], '/api/v1/streams': [200, { streams: null }] };
  assert.deepEqual((await shown()).streams, []);
});

test('what came from peers lately says over what time', () => {
  assert.deepEqual([[1.6e6, 40], [1.6e6, 75], [2e9, 3595], [2e9, 3595, 0.05], [null, null]].map(([bytes, seconds, price]) => inWords({ bytes: bytes ?? null, seconds: seconds ?? null }, price ?? null)),
    ['Last 40\u00a0s: 1.6 MB', 'Last 1\u00a0min: 1.6 MB', 'Last hour: 2.00 GB', 'Last hour: 2.00 GB, $0.10 saved', '']);
});

test('what came from peers is no sum where a tracker is silent', (t) => {
  const found = new Map<string, { value: string; validity: object; textContent: string; hidden: boolean; addEventListener(): void; replaceChildren(): void; setAttribute(): void }>();
  const before = Object.getOwnPropertyDescriptor(globalThis, 'document');
  const querySelector = (selector: string): unknown => found.get(selector) ?? (found.set(selector, { value: '2', validity: {}, textContent: '', hidden: false, addEventListener: () => undefined, replaceChildren: () => undefined, setAttribute: () => undefined }), found.get(selector));
  Object.defineProperty(globalThis, 'document', { value: { documentElement: { lang: 'en' }, querySelector, createElement: () => ({ setAttribute: () => undefined, append: () => undefined }) }, configurable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, 'document', before) : Reflect.deleteProperty(globalThis, 'document')));
  Object.defineProperty(globalThis, 'localStorage', { value: { getItem: (name: string) => (name === 'shoal-price' ? '2' : 'eur') }, configurable: true });
  t.after(() => Reflect.deleteProperty(globalThis, 'localStorage'));
  const saved = new Saved();
  const shown = (bytes: number | null): string[] => (saved.show(bytes, { bytes: null, seconds: null }, 'a tracker is silent'), ['#spared', '#saved'].map((selector) => found.get(selector)?.textContent ?? ''));
  assert.deepEqual([shown(3e9), shown(null)], [['3.00 GB', 'saves €6.00'], ['–', '']]);
  const price = found.get('#price');
  assert.ok(price);
  for (const [value, said] of [['-2', 'a price is 0 or more'], ['', 'no price set'], ['0', '']] as const) {
    price.value = value;
    shown(3e9);
    assert.equal(found.get('#unpriced')?.textContent, said);
  }
});

test('money is of a currency', () => {
  assert.deepEqual(['brl', ' EUR ', 'e', '', '$'].map(currencyOf), ['BRL', 'EUR', 'USD', 'USD', 'USD']);
  assert.deepEqual([[0.6, 'USD'], [0, 'EUR'], [0.004, 'USD'], [1234.5, 'JPY'], [2, 'XYZ']].map(([amount, currency]) => money(Number(amount), String(currency))), ['$0.60', '€0.00', '$0.004', '¥1,235', 'XYZ\u00a02.00']);
});

test('a tile without a value says why', () => {
  const why = (view: object, here: Crowd | null): string => whyNot({ partly: false, swarms: new Map(), ...view }, here);
  const nobody = new Map([['demo', { ...swarm, viewers: 0 } as Swarm]]);
  assert.deepEqual([
    why({ partly: true }, null), why({}, null), why({}, { all: 0, inside: 0 }), why({ swarms: nobody }, { all: 0, inside: 0 }), why({}, { all: 3, inside: 0 }), why({}, { all: 3, inside: 2 }),
    why({ swarms: new Map([['demo', swarm as Swarm]]) }, { all: 2, inside: 2 }),
  ], ['a tracker is silent', 'nobody tells now', 'nobody watches', 'nobody watches', 'nobody is in a swarm', 'nobody tells now', 'no viewer has told yet']);
});

test('the control of a stream that has no swarm is known, and so is when a tracker fell silent', async () => {
  const control = { p2p: false, share: 1, cellSize: 32, roots: 24, maxUploadKbps: 0 };
  answers = { '/api/v1/ops': state({ services: [service('edge', 'tracker')], controls: [{ defaults: { ...control, p2p: true }, controls: [{ name: 'demo', viewers: 0, ...control }] }] }) };
  const heard = new Heard();
  const view = heard.told(await desk(''), '2026-01-02T03:04:05Z');
  assert.deepEqual([view.swarms.size, view.controls.get('demo'), view.defaults?.p2p], [0, control, true]);
  answers = { '/api/v1/ops': state({ unheard: 1 }) };
  assert.equal(heard.told(await desk(''), '2026-01-02T03:04:10Z').whole, '2026-01-02T03:04:05Z');
  assert.equal(new Heard().told(await desk('')).whole, '');
});

test('a stream of a service that does not answer is not told to be live', async () => {
  const at = new Date(Date.now() - 125e3).toISOString();
  answers = { '/api/v1/ops': state({ streams: [], unknown: [{ at, stream }, { at, stream: { name: 'old', state: 'ended' } }] }) };
  const view = await desk('');
  assert.deepEqual([view.streams?.length, view.away.map(({ name, heard }) => [name, heard])], [0, [['demo', at]]]);
  assert.match(since(at), /^No answer any more; last heard of 2\u00a0min ago, at \d/);
});

test('while nobody answers nothing is told to be live, whatever was', async (t) => {
  answers = { '/api/v1/ops': state({ services: [service('origin', 'edge', 'tracker')], swarms: [[swarm]] }) };
  const heard = new Heard();
  const at = new Date(Date.now() - 5000).toISOString();
  heard.told(await desk(''), at);
  answers = {};
  const view = await desk('').then((v) => heard.told(v), (error: Error) => heard.silence(error.message));
  assert.deepEqual([view.streams, view.away.map((s) => [s.name, s.heard]), view.swarms.size, view.steers], [null, [['demo', at]], 0, null]);
  assert.deepEqual(view.services.map((s) => [s.state, s.self]), [['unknown', null]]);
  assert.equal(view.health.good, false);
  assert.equal(heard.told({ ...view, away: [] }).away[0]?.heard, at, 'it answers, and knows no streams');
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
  assert.deepEqual(heard.silence('').away, [], 'its origin may be gone for good');
  assert.deepEqual(heard.told({ ...view, streams: [] }).streams, []);
});

test('the charts end with the moment that stands beside them', () => {
  const series = (at: number[], viewers: (number | null)[], of = ''): Series => ({ stream: of, streams: [], left: 0, at, viewers, offload: viewers, copies: viewers, latency: viewers, stalls: viewers, fromPeers: viewers, fromEdge: viewers, sent: viewers });
  const hour = new Hour();
  const ends = (now: Series | null, clock: number): unknown => { hour.now(now, clock); return hour.series && [hour.series.at, hour.series.viewers]; };
  assert.equal(ends(series([8], [1]), 98), null);
  hour.take(series([10, 20], [1, 2]));
  assert.deepEqual(ends(series([26], [7]), 102), [[10, 20, 26], [1, 2, 7]]);
  assert.deepEqual(ends(series([18], [7]), 102), [[10, 18], [1, 7]], 'the hour was asked for later than this');
  assert.deepEqual(ends(series([26], [7], 'demo'), 102), [[10, 20], [1, 2]], 'it is of another stream');
  assert.deepEqual(ends(series([28], [7]), 104), [[10, 20, 28], [1, 2, 7]]);
  assert.deepEqual([ends(null, 106), ends(null, 107)], [[[10, 20, 30], [1, 2, null]], [[10, 20, 31], [1, 2, null]]], 'nobody tells');
});

test('of a swarm that nobody is in nothing is told of each, nor of a stream of which nobody tells', (t) => {
  class Element {
    readonly words: (string | Element)[] = [];
    setAttribute(): void { /* none is looked at */ }
    append(...words: (string | Element)[]): void { this.words.push(...words); }
    get text(): string { return this.words.map((word) => (typeof word === 'string' ? word : word.text)).join(''); }
  }
  const before = Object.getOwnPropertyDescriptor(globalThis, 'document');
  Object.defineProperty(globalThis, 'document', { value: { documentElement: { lang: 'en' }, createElement: () => new Element() }, configurable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, 'document', before) : Reflect.deleteProperty(globalThis, 'document')));
  const told = { name: 'demo', outside: 0, cells: 1, roots: 1, copies: 1.25, stallRatio: 0.02, latencySeconds: 2, uploadKbps: 328, introductions: 1, linksOpened: 0, linksNoAnswer: 0, linksNoRoute: 0, linksLost: 0,
    control: { p2p: true, share: 1, cellSize: 32, roots: 24, maxUploadKbps: 0 } };
  const row = (viewers: number, partial = ''): string[] => (swarmRow({ ...told, viewers } as Swarm, partial) as unknown as Element).words.map((cell) => (cell as Element).text);
  assert.deepEqual(row(0).slice(2), ['0', '1 of up to 32, 1 of 24 roots', '–', '–', '–', '–', '–']);
  const line = (heard?: string): string[] => (streamRows({ ...stream, since: new Date().toISOString(), bitrate: 2e6, protocol: 'rtmp', advice: '', ...(heard === undefined ? {} : { heard }) } as Stream, undefined, null)[0] as unknown as Element).words.map((cell) => (cell as Element).text);
  assert.deepEqual([line()[1], line()[3], line()[7]], ['Live', '2.0 Mbit/s', '0\u00a0s']);
  assert.match(line('2026-01-02T03:04:05Z')[1] ?? '', /^Not knownNo answer any more; last heard of /);
  assert.deepEqual([line('2026-01-02T03:04:05Z')[3], line('2026-01-02T03:04:05Z')[7]], ['–', '–']);
  const watched = (partly: boolean): string[] => (streamRows({ ...stream, atEdges: 3, since: '', bitrate: 2e6, protocol: 'rtmp', advice: '' } as unknown as Stream, { ...told, viewers: 2, offload: 0.5 } as Swarm, null, partly)[0] as unknown as Element).words.map((cell) => (cell as Element).text).slice(5, 7);
  assert.deepEqual([watched(false), watched(true)], [['5', '50\u00a0%'], ['–', '–']], 'a tracker is silent');
  assert.deepEqual(row(2, without('')).slice(1, 5), ['OnWithout a tracker that is silent.', 'at least 2', 'at least 1 of up to 32, 1 of 24 roots', 'at least 1.25']);
  assert.match(row(2, without(new Date().toISOString()))[1] ?? '', /^OnWithout a tracker that has been silent since .+, for 0\u00a0s\.$/);
  assert.deepEqual(row(2).slice(4), ['1.25', '–', '2.0\u00a0s', '2.0\u00a0%', '328 kbit/s']);
});
