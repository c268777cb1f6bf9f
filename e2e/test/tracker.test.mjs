// The tracker dies while four browsers play: links carry on. It comes back: all join again.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { alone, launch, noStalls } from '../harness/browser.mjs';
import { edge, origin, port, tracker } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

test('a dead tracker is not noticed, and a new one is found', { timeout: 180_000 }, async (t) => {
  const source = await origin(t, { stream: 'demo' });
  const swarmPorts = { http: port(), admin: port(), stun: port() };
  const copies = await edge(t, { origin: source, tracker: `ws://127.0.0.1:${swarmPorts.http}/tracker` });
  const first = await tracker(t, { pages: copies.base, ports: swarmPorts });
  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  await copies.live('demo');

  const browser = await launch(t);
  const viewers = [];
  for (let i = 0; i < 4; i++) {
    viewers.push(await browser.open(`${copies.base}/watch/demo`));
    await viewers[i].moving();
  }
  const control = await browser.open(`${copies.base}/watch/demo`, alone);
  await control.moving();
  const all = () => Promise.all(viewers.map((v) => v.stats()));
  await until('all to be linked', async () => (await all()).every((s) => s.p2p === 'on' && s.peers === 3), { seconds: 20 });
  assert.equal((await first.metrics()).sum('shoal_tracker_viewers', { stream: 'demo' }), 4);

  for (const viewer of [...viewers, control]) viewer.expect(/ERR_CONNECTION_REFUSED/);
  await first.kill();
  const killed = Date.now();
  const grown = [];
  let before = await all();
  for (let i = 1; i <= 2; i++) {
    await pass(15 * i - (Date.now() - killed) / 1000);
    const now = await all();
    grown.push(now.map((s, k) => s.bytesFromPeers - before[k].bytesFromPeers));
    before = now;
  }
  t.diagnostic(`bytes from peers without a tracker, each 15 s: ${grown.map((g) => g.join(' ')).join(' | ')}`);
  for (const growth of grown) assert.ok(growth.every((bytes) => bytes > 0), `a viewer got nothing from peers for 15 s: ${growth}`);

  const second = await tracker(t, { pages: copies.base, ports: swarmPorts });
  const back = Date.now();
  await until('all to have joined again', async () => {
    const joined = (await second.metrics()).sum('shoal_tracker_viewers', { stream: 'demo' });
    return joined === 4 && (await all()).every((s) => s.p2p === 'on');
  }, { seconds: 25 });
  const rejoined = Date.now() - back;
  const stats = await all();
  t.diagnostic(`all joined again ${rejoined} ms after its return; peers ${stats.map((s) => s.peers).join(' ')}`);
  assert.ok(rejoined <= 15_000, `joined again only after ${rejoined} ms`);
  assert.ok(stats.every((s) => s.peers === 3), 'links were lost by joining again');
  await noStalls(t, [...viewers, control], 'in 30 s without a tracker, and with the new one (last: without the swarm)');
});
