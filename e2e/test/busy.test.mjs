// A machine that has no time for the swarm: the viewer leaves it, plays on alone, and joins again when there is time.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

/** Runs in a page: keeps it busy for 350 of each 400 milliseconds, until window.idle is called. */
function busy() {
  const timer = setInterval(() => {
    const end = performance.now() + 350;
    while (performance.now() < end);
  }, 400);
  window.idle = () => clearInterval(timer);
}

test('a machine that is too busy leaves the swarm for a while', { timeout: 120_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const browser = await launch(t);
  const other = await browser.open(`${shoal.base}/watch/demo`);
  await other.moving();
  const tired = await browser.open(`${shoal.base}/watch/demo`, { tireless: false });
  await tired.moving();
  const linked = async (peers) => (await other.stats()).peers === peers && (await tired.stats()).peers === peers;
  await until('both to be linked', () => linked(1), { seconds: 40 });

  await tired.page.evaluate(busy);
  await until('the swarm to be left', async () => (await tired.p2p()) === 'resting', { seconds: 30 });
  await tired.page.evaluate(() => window.idle());
  assert.ok(await until('the link to be closed', () => linked(0), { seconds: 5 }));
  await until('its buffer to be filled again', async () => (await tired.stats()).bufferSeconds > 0.7, { seconds: 20 });
  const before = await tired.stats();
  await pass(8);
  const after = await tired.stats();
  t.diagnostic(`resting: ${after.rests} rests; from the edge ${after.bytesFromEdge - before.bytesFromEdge} bytes in 8 s, stalled ${(after.stalledSeconds - before.stalledSeconds).toFixed(2)} s`);
  assert.ok(after.stalledSeconds - before.stalledSeconds < 1, 'it stalled alone');
  assert.equal(after.bytesFromPeers, before.bytesFromPeers);
  assert.ok(after.bytesFromEdge > before.bytesFromEdge);

  await until('it to have joined again', () => linked(1), { seconds: 60 });
  const joined = (await tired.stats()).bytesFromPeers + (await other.stats()).bytesFromPeers;
  await until('them to share again', async () => (await tired.stats()).bytesFromPeers + (await other.stats()).bytesFromPeers > joined, { seconds: 20 });
});
