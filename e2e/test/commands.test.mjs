// The measuring commands, as a user runs them: the simulator's determinism, twenty native viewers of the demo, and browsers
// with and without the swarm.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { crowding } from '../harness/machine.mjs';
import { run } from '../harness/process.mjs';
import { program, up } from '../harness/shoal.mjs';

const report = ({ code, output }) => {
  assert.equal(code, 0, output);
  return JSON.parse(output.trim().split('\n').at(-1));
};

test('the simulator gives the same bytes for the same seed', { timeout: 180_000 }, async (t) => {
  const sim = (seed) => run('sim', program, ['sim', '-viewers', '100', '-seed', seed, '-seconds', '30', '-json']);
  const first = await sim('7');
  const second = await sim('7');
  const { viewers, offload, copies, badBytesPlayed, badBytesRelayed } = report(first);
  t.diagnostic(`${viewers} viewers: offload ${offload}, copies ${copies}`);
  assert.equal(first.output, second.output);
  assert.deepEqual([viewers, badBytesPlayed, badBytesRelayed], [100, 0, 0]);
});

test('twenty native viewers get most of the demo from each other', { timeout: 120_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const url = `${shoal.base}/live/demo/index.m3u8`;
  const got = report(await run('watch', program, ['watch', '-n', '20', '-seconds', '20', '-json', url]));
  t.diagnostic(`offload ${got.offload} of ${got.ceiling}, copies ${got.copies}, stalls ${got.stalls} (${got.stalledSeconds} s), ` +
    `latency ${got.latencySeconds} s; ${crowding()}`);
  assert.deepEqual([got.viewers, got.failed, got.badBytesPlayed, got.badBytesRelayed], [20, 0, 0, 0]);
  assert.ok(got.offload > 0.6, `offload ${got.offload}`);
});

test('browsers are measured with the swarm and without', { timeout: 120_000 }, async (t) => {
  const bench = fileURLToPath(new URL('../bench/swarm.mjs', import.meta.url));
  const got = report(await run('bench', process.execPath, [bench, '-viewers', '2', '-seconds', '5', '-json'], { seconds: 100 }));
  t.diagnostic(`offload ${got.offload} of ${got.ceiling}, copies ${got.copies}, processor ${got.cpuRatio} of the control's; ${crowding()}`);
  assert.deepEqual([got.viewers, got.ceiling, got.runs.length, got.badPieces], [2, 0.5, 1, 0]);
  assert.ok(got.bytesFromPeers > 0, 'nothing came from peers');
  assert.ok(got.copies < got.control.copies, `${got.copies} copies with the swarm, ${got.control.copies} without`);
  assert.equal(got.control.bytesFromPeers, 0, 'the control had peers');
});
