import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areas, ceiling, Flow, mean } from '../src/flow.ts';

test('running counts become what came in each second', () => {
  const flow = new Flow();
  const note = (at: number, bytesFromPeers: number, bytesFromEdge: number): void => flow.note(at, { bytesFromPeers, bytesFromEdge });
  note(0, 50, 100);
  assert.deepEqual(flow.moments, []);
  note(500, 60, 100);
  assert.deepEqual(flow.moments, [], 'not a second yet');
  note(1000, 80, 110);
  assert.deepEqual(flow.moments, [{ peers: 30, edge: 10 }]);
  note(4200, 110, 110);
  assert.deepEqual(flow.moments.slice(1), Array(3).fill({ peers: 10, edge: 0 }), 'nobody looked for three seconds');
  note(5000, 115, 110);
  assert.deepEqual(flow.moments.at(-1), { peers: 5, edge: 0 });
  note(1e6, 115, 110);
  assert.equal(flow.moments.length, 60);
  note(1e6 + 1000, 0, 7);
  assert.deepEqual(flow.moments, [], 'another stream');
});

test('what came is drawn to scale, the newest at the right', () => {
  assert.deepEqual(areas([], 120, 40, 100), { edge: '', peers: '' });
  assert.deepEqual(areas([{ peers: 0, edge: 100 }, { peers: 50, edge: 50 }], 120, 40, 100), {
    edge: 'M116.0 0.0L118.0 0.0L118.0 20.0L120.0 20.0L120.0 40.0L118.0 40.0L118.0 40.0L116.0 40.0Z',
    peers: 'M116.0 0.0L118.0 0.0L118.0 0.0L120.0 0.0L120.0 20.0L118.0 20.0L118.0 0.0L116.0 0.0Z',
  });
});

test('what stands at the top of the drawing is a number that can be read, and no less than came', () => {
  for (const [bytes, bits] of [[0, 1000], [125, 1000], [126, 2000], [100_000, 1e6], [125_001, 2e6], [260_000, 5e6], [700_000, 1e7]] as const) {
    assert.equal(8 * ceiling([{ peers: bytes / 2, edge: bytes / 2 }, { peers: 0, edge: 1 }]), bits, String(bytes));
  }
  assert.equal(8 * ceiling([]), 1000);
});

test('what came in the mean', () => {
  assert.deepEqual(mean([{ peers: 30, edge: 10 }, { peers: 10, edge: 0 }]), { peers: 20, edge: 5 });
  assert.deepEqual(mean([]), { peers: 0, edge: 0 });
});
