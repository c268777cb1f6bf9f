// What the operator's page knows, and what it says of what it does not.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { desk, shown } from '../src/ops/desk.ts';

let answers: Record<string, [status: number, body: unknown]> = {};
beforeEach(() => (answers = {}));

globalThis.fetch = (url) => {
  const [status, body] = answers[String(url)] ?? [404, 'no such path'];
  return Promise.resolve(new Response(typeof body === 'string' ? body : JSON.stringify(body), { status }));
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
