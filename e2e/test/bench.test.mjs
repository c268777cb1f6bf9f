// The bench of browsers, with the swarm and without.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { crowding } from '../harness/machine.mjs';
import { run } from '../harness/process.mjs';

test('browsers are measured with the swarm and without', { timeout: 120_000 }, async (t) => {
  const bench = fileURLToPath(new URL('../bench/swarm.mjs', import.meta.url));
  const { code, output } = await run('bench', process.execPath, [bench, '-viewers', '2', '-seconds', '5', '-json'], { seconds: 100 });
  assert.equal(code, 0, output);
  const got = JSON.parse(output.trim().split('\n').at(-1));
  t.diagnostic(`offload ${got.offload} of ${got.ceiling}, copies ${got.copies}, processor ${got.cpuRatio} of the control's; ${crowding()}`);
  assert.deepEqual([got.viewers, got.ceiling, got.runs.length, got.badPieces], [2, 0.5, 1, 0]);
  assert.ok(got.bytesFromPeers > 0, 'nothing came from peers');
  assert.ok(got.copies < got.control.copies, `${got.copies} copies with the swarm, ${got.control.copies} without`);
  assert.equal(got.control.bytesFromPeers, 0, 'the control had peers');
});
