// A tracker that wants tokens, and several trackers: who may not join plays on from the edge and asks no more; who may is
// linked; when Redis goes nobody loses a link, and when a tracker goes, its viewers are at another within ten seconds.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch, noStalls } from '../harness/browser.mjs';
import { run } from '../harness/process.mjs';
import { edge, folder, origin, port, program, redis, tracker, up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

async function token(...args) {
  const { code, output } = await run('token', program, ['token', ...args]);
  assert.equal(code, 0, output);
  return output.trim();
}

test('viewer tokens', { timeout: 120_000 }, async (t) => {
  const keys = join(folder('keys'), 'keys.json');
  await token('key', '-key', keys);
  const make = (...args) => token('make', '-key', keys, ...args);
  const shoal = await up(t, { args: ['-token-keys', keys] });
  await shoal.live('demo');
  const browser = await launch(t);
  const watch = (text, status) => browser.open(`${shoal.base}/watch/demo${text ? `#token=${text}` : ''}`,
    status ? { expected: [new RegExp(`response code: ${status}|status of ${status}`), /HTTP Authentication failed/] } : {});
  const refusals = async () => (await shoal.metrics()).sum('shoal_tracker_refusals_total', { reason: 'token' });

  const strangers = {
    none: await watch('', 401),
    'other stream': await watch(await make('-stream', 'other'), 403),
    garbage: await watch('a.b.c', 403),
  };
  for (const [name, viewer] of Object.entries(strangers)) {
    await viewer.moving();
    await until(`${name} to be refused`, async () => (await viewer.stats()).p2p === 'refused', { seconds: 20 });
  }
  const asked = await refusals();
  t.diagnostic(`${Object.keys(strangers).length} viewers were refused with ${asked} requests`);
  assert.equal(asked, 2 * Object.keys(strangers).length, 'a handshake and a question each');

  const viewers = [await watch(await make('-stream', 'demo')), await watch(await make('-stream', '*', '-no-upload'))];
  for (const viewer of viewers) await viewer.moving();
  await until('those with tokens to be linked', async () => {
    const stats = await Promise.all(viewers.map((v) => v.stats()));
    return stats.every((s) => s.p2p === 'on' && s.peers === 1);
  }, { seconds: 20 });
  await pass(15);
  assert.equal(await refusals(), asked, 'who was refused came back');
  assert.equal((await shoal.metrics()).sum('shoal_tracker_viewers', { stream: 'demo' }), 2);
  const [first, second] = await Promise.all(viewers.map((v) => v.stats()));
  t.diagnostic(`sent to peers: ${first.bytesToPeers} with upload, ${second.bytesToPeers} without`);
  assert.equal(second.bytesToPeers, 0, 'a viewer that may not upload did');
  assert.ok(first.bytesToPeers > 0, 'nothing was sent at all');
  await noStalls(t, [...viewers, ...Object.values(strangers)], 'with and without a token');
});

test('several trackers', { timeout: 150_000 }, async (t) => {
  const source = await origin(t, { stream: 'demo' });
  const ports = [0, 1].map(() => ({ http: port(), admin: port(), stun: port() }));
  const copies = await edge(t, { origin: source, tracker: ports.map((p) => `ws://127.0.0.1:${p.http}/tracker`).join() });
  const store = await redis(t);
  const args = ['-redis', store.url];
  const trackers = await Promise.all(ports.map((p) => tracker(t, { pages: copies.base, ports: p, args })));
  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  await copies.live('demo');
  const browser = await launch(t);
  const viewers = [];
  for (let i = 0; i < 4; i++) {
    viewers.push(await browser.open(`${copies.base}/watch/demo`, { expected: [/ERR_CONNECTION_REFUSED/] }));
    await viewers[i].moving();
  }
  const at = async (service) => (await service.metrics()).sum('shoal_tracker_viewers', { stream: 'demo' });
  await until('all to be at a tracker', async () => (await at(trackers[0])) + (await at(trackers[1])) === 4, { seconds: 20 });
  const linked = () => Promise.all(viewers.map(async (v) => (await v.stats()).peers === 3)).then((all) => all.every((one) => one));
  await until('all to be linked, be they at one tracker or two', linked, { seconds: 20 });
  const [here, there] = [await at(trackers[0]), await at(trackers[1])];
  t.diagnostic(`by chance ${here} viewers are at one tracker, ${there} at the other`);

  await store.kill();
  await pass(8);
  await store.start(); // with nothing in it
  await pass(4);
  assert.ok(await linked(), 'a link was lost because Redis died');
  const faults = (await Promise.all(trackers.map((one) => one.metrics()))).map((m) => m.sum('shoal_tracker_store_failures_total'));
  assert.ok(faults.every((n) => n > 0), 'nobody missed Redis: no fault was injected');
  await noStalls(t, viewers, `while Redis was dead for 8 s and came back empty (${faults.join(' and ')} failures)`);

  const left = here >= there ? 0 : 1;
  const stays = trackers[1 - left];

  await trackers[left].kill();
  let began = Date.now();
  await until('all to be at the other', async () => (await at(stays)) === 4, { seconds: 10, every: 50 });
  t.diagnostic(`${Math.max(here, there)} viewers of a tracker that was killed: at the other after ${Date.now() - began} ms`);

  const again = await tracker(t, { pages: copies.base, ports: ports[left], args });
  began = Date.now();
  await stays.stop();
  t.diagnostic(`a tracker with 4 viewers ended in order within ${Date.now() - began} ms`);
  stays.killed = true;
  await until('all to have moved', async () => (await at(again)) === 4, { seconds: 10, every: 50 });
  t.diagnostic(`4 viewers of a tracker that ended in order: at the other after ${Date.now() - began} ms`);
  await until('all to be linked', linked, { seconds: 20 });
  await noStalls(t, viewers, 'through a killed tracker and one that ended');
});
