import assert from 'node:assert/strict';
import { test } from 'node:test';
import { harms } from '../src/ops/consequences.ts';

const swarm = { viewers: 110, outside: 10, offload: 0.9, cells: 8, roots: 6 };
const now = { p2p: true, share: 1, cellSize: 32, roots: 6, maxUploadKbps: 0 };

test('what hurts viewers is said, and nothing else', () => {
  assert.deepEqual(harms(now, now, swarm), []);
  for (const kind of [{ p2p: false }, { share: 0 }]) {
    assert.match(harms(now, { ...now, ...kind }, swarm).join(), /^All 100 viewers .* some 10 times what they send now\.$/);
  }
  assert.match(harms(now, { ...now, share: 0.25 }, swarm).join(), /^About 75 of 100 viewers/);
  assert.match(harms(now, { ...now, p2p: false }, { ...swarm, viewers: 11 }).join(), /^The one viewer in the swarm leaves it/);
  assert.deepEqual(harms({ ...now, p2p: false }, now, swarm), [], 'on again');
  assert.deepEqual(harms({ ...now, share: 0.1 }, now, swarm), []);
  assert.match(harms(now, { ...now, maxUploadKbps: 500 }, swarm).join(), /send each other less/);
  assert.deepEqual(harms({ ...now, maxUploadKbps: 500 }, now, swarm), []);
  assert.deepEqual(harms(now, { p2p: false, share: 0, cellSize: 8, roots: 1, maxUploadKbps: 500 }, { viewers: 0, outside: 0, offload: 0, cells: 0, roots: 0 }), [], 'nobody is there yet');
  assert.match(harms(now, { ...now, cellSize: 40 }, swarm).join(), /new links/);
  assert.match(harms(now, { ...now, cellSize: 8 }, swarm).join(), /split/);
  assert.match(harms(now, { ...now, roots: 2 }, swarm).join(), /^4 of 6 cells/);
  assert.match(harms(now, { ...now, roots: 9 }, swarm).join(), /more copies/);
  assert.deepEqual(harms(now, { ...now, cellSize: 40, roots: 9 }, { viewers: 3, outside: 0, offload: 0.6, cells: 1, roots: 1 }), [], 'one cell does not notice');
});
