// The measuring commands, as a user runs them: the simulator's determinism, and twenty native viewers of the demo.

import assert from 'node:assert/strict';
import test from 'node:test';

import { long } from '../harness/long.mjs';
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

test('twenty native viewers get most of the demo from each other', { timeout: 120_000, skip: long }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const url = `${shoal.base}/live/demo/index.m3u8`;
  const got = report(await run('watch', program, ['watch', '-n', '20', '-seconds', '20', '-json', url]));
  t.diagnostic(`offload ${got.offload} of ${got.ceiling}, copies ${got.copies}, stalls ${got.stalls} (${got.stalledSeconds} s), ` +
    `latency ${got.latencySeconds} s; ${crowding()}`);
  assert.deepEqual([got.viewers, got.failed, got.badBytesPlayed, got.badBytesRelayed], [20, 0, 0, 0]);
  assert.ok(got.offload > 0.6, `offload ${got.offload}`);
});
