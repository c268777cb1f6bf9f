// A machine that has no time for the swarm: the viewer leaves it, plays on alone, and joins again when there is time.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

/**
 * Runs in a page: keeps it busy for 150 of each 200 milliseconds and its playhead close to the end of the buffer, until
 * window.idle is called.
 */
function busy() {
  const video = window.shoalTest.video();
  const ahead = () => video.buffered.end(video.buffered.length - 1) - video.currentTime;
  const timer = setInterval(() => {
    const end = performance.now() + 150;
    while (performance.now() < end);
    if (ahead() > 0.35) video.currentTime += ahead() - 0.3;
  }, 200);
  window.idle = () => {
    clearInterval(timer);
    video.currentTime -= 1.2;
  };
}

test('a machine that is too busy leaves the swarm for a while', { timeout: 180_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const browser = await launch(t);
  const other = await browser.open(`${shoal.base}/watch/demo`);
  await other.moving();
  const tired = await browser.open(`${shoal.base}/watch/demo`, { tireless: false });
  await tired.moving();
  const linked = async (peers) => (await other.stats()).peers === peers && (await tired.stats()).peers === peers;
  await until('both to be linked', () => linked(1), { seconds: 60 });

  await tired.page.evaluate(busy);
  await until('the swarm to be left', async () => (await tired.p2p()) === 'resting', { seconds: 30 });
  await tired.page.evaluate(() => window.idle());
  assert.ok(await until('the link to be closed', () => linked(0), { seconds: 5 }));
  const before = await tired.stats();
  await pass(3); // a first rest is 8 s and more
  const after = await tired.stats();
  assert.equal(after.p2p, 'resting');
  assert.equal(after.bytesFromPeers, before.bytesFromPeers);
  assert.ok(after.bytesFromEdge > before.bytesFromEdge);
  await until('its buffer to be filled again', async () => (await tired.stats()).bufferSeconds > 0.7, { seconds: 20 });
  const filled = await tired.stats();
  await pass(8);
  const later = await tired.stats();
  t.diagnostic(`${later.rests} rests; from the edge ${after.bytesFromEdge - before.bytesFromEdge} bytes in 3 s; stalled ${(later.stalledSeconds - filled.stalledSeconds).toFixed(2)} s in 8 s`);
  assert.ok(later.stalledSeconds - filled.stalledSeconds < 1, 'it stalled');

  await until('it to have joined again', () => linked(1), { seconds: 80 });
  const joined = (await tired.stats()).bytesFromPeers + (await other.stats()).bytesFromPeers;
  await until('them to share again', async () => (await tired.stats()).bytesFromPeers + (await other.stats()).bytesFromPeers > joined, { seconds: 20 });
});
