// What the operator's page knows, and what it says of what it does not.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { desk, shown } from '../src/ops/desk.ts';
import { inWords } from '../src/ops/saved.ts';
import { swarmRow } from '../src/ops/tables.ts';
import type { Swarm } from '../src/pages/api.ts';

let answers: Record<string, [status: number, body: unknown]> = {};
beforeEach(() => (answers = {}));

globalThis.fetch = (url) => {
  const [status, body] = answers[String(url)] ?? [404, 'no such path'];
  return Promise.resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers: { 'Cache-Status': 'shoal; fwd=miss' } }));
};

const stream = { name: 'demo', state: 'live' };
const swarm = { name: 'demo', viewers: 2, outside: 0 };
const service = (...is: string[]): object => ({ name: '', state: 'ready', why: '', sent: -1, self: { is, figures: {} } });
const state = (more: object): [number, object] => [200, { services: [service('edge')], streams: [stream], swarms: [], controls: [], unheard: 0, ...more }];

test('an edge alone knows its streams, and says what it cannot know', async () => {
  answers = { '/api/v1/ops': state({}) };
  let view = await desk();
  assert.deepEqual([view.streams?.length, view.steers], [1, false]);
  assert.match(view.note, /^No tracker is known here: viewers, cells and switches /);
  answers = { '/api/v1/ops': state({ swarms: [[swarm]] }) };
  view = await desk();
  assert.deepEqual([view.swarms.get('demo')?.viewers, view.steers], [2, false]);
  assert.match(view.note, /^Cells and switches are shown where -ops names/);
  answers = { '/api/v1/ops': state({ unheard: 1 }) };
  view = await desk();
  assert.doesNotMatch(view.note, /No tracker is known/, 'one is, and does not answer');
});

test('a tracker alone knows no streams, which is not that there are none', async () => {
  answers = { '/api/v1/ops': state({ services: [service('tracker')], streams: null, swarms: [[swarm]] }) };
  const view = await desk();
  assert.deepEqual([view.streams, view.steers, view.note], [null, true, '']);
  assert.match(view.unknown, /^Streams are not known here: -ops names/);
});

test('while the origin is away nobody says that there are no streams', async () => {
  answers = { '/api/v1/ops': state({ streams: null }) };
  let view = await desk();
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
    ['Last 40\u00a0s: 1.6 MB', 'Last 1\u00a0min: 1.6 MB', 'Last hour: 2.00 GB', 'Last hour: 2.00 GB, 0.10 saved', '']);
});

test('of a swarm that nobody is in nothing is told of each', (t) => {
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
  const row = (viewers: number): string[] => (swarmRow({ ...told, viewers } as Swarm) as unknown as Element).words.map((cell) => (cell as Element).text);
  assert.deepEqual(row(0).slice(2), ['0', '1 of up to 32, 1 of 24 roots', '–', '–', '–', '–', '–']);
  assert.deepEqual(row(2).slice(4), ['1.25', '–', '2.0\u00a0s', '2.0\u00a0%', '328 kbit/s']);
});
