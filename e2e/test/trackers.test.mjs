// Three trackers over a real Redis, and three hundred viewers: what e2e/trackers does to them must leave one swarm.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { run, scratch } from '../harness/process.mjs';
import { program } from '../harness/shoal.mjs';

test('trackers, and their Redis, come and go under one swarm', { timeout: 260_000 }, async (t) => {
  const { code, output } = await run('trackers', join(scratch, 'trackers'), ['-shoal', program, '-viewers', '300', '-away', '5s', '-json'], { seconds: 220 });
  for (const line of output.trim().split('\n').slice(0, -1)) t.diagnostic(line);
  assert.equal(code, 0, output);
  const { faults } = JSON.parse(output.trim().split('\n').at(-1));
  assert.ok(faults.length >= 12 && faults.every((f) => f.faults > 0 || f.fault.endsWith('joined')), 'faults were not injected');
});
