// Two origins take the same broadcast, and the edge has them both: when one dies its viewers go on with the other.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { demoClip, push, pushTo } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { Playlist } from '../harness/playlist.mjs';
import { edge, folder, origin, originPorts, tracker } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

// Clause: backup-origin
test('an origin dies, and its viewers go on with the one beside it, and back', { timeout: 120_000 }, async (t) => {
  const seed = join(folder('seed'), 'seed');
  writeFileSync(seed, '00112233445566778899aabbccddeeff\n');
  const ports = [originPorts(), originPorts()];
  const start = (n, data) => origin(t, {
    stream: 'show', ports: ports[n], data,
    args: ['-seed-file', seed, '-twin', `http://127.0.0.1:${ports[1 - n].http}`],
  });
  const [first, second] = [await start(0), await start(1)];
  const swarm = await tracker(t, { pages: '*' });
  const copies = await edge(t, {
    origin: { base: `${first.base},${second.base}` }, tracker: `ws://127.0.0.1:${swarm.ports.http}/tracker`,
  });
  pushTo(t, [`${first.rtmp}/${first.key}`, `${second.rtmp}/${second.key}`], demoClip);
  await copies.live('show');
  const browser = await launch(t);
  const expected = [/status of 50[234]/, /status of 404/];
  const [one, two] = [await browser.open(`${copies.base}/watch/show`, { expected }), await browser.open(`${copies.base}/watch/show`, { expected })];
  await one.moving();
  await two.moving();
  await until('peers', async () => (await one.stats()).bytesFromPeers + (await two.stats()).bytesFromPeers > 0, { seconds: 15 });
  const playlist = new Playlist(`${copies.base}/live/show/v0/index.m3u8`).follow();
  await until('some reloads', () => playlist.reloads > 20);
  const { epoch } = await copies.stream('show');

  const advance = async (what, seconds) => {
    const from = await Promise.all([one, two].map((viewer) => viewer.playback()));
    const began = Date.now();
    await until(what, async () => {
      const now = await Promise.all([one, two].map((viewer) => viewer.playback()));
      return now.every((p, i) => p.frames > from[i].frames + 24 * seconds);
    }, { seconds: seconds + 12 });
    const stats = await Promise.all([one, two].map((viewer) => viewer.stats()));
    t.diagnostic(`${what}: ${seconds} s of picture in ${Date.now() - began} ms; ${stats.map((s) =>
      `${s.stalls} stalls of ${s.stalledSeconds.toFixed(2)} s, ${s.latencySeconds.toFixed(2)} s behind, ${s.badPieces} bad pieces, p2p ${s.p2p}`).join('; ')}`);
    return stats;
  };
  await advance('before', 2);
  await first.kill();
  const after = await advance('after the first origin died', 5);
  assert.notEqual((await copies.stream('show')).epoch, epoch, 'it still comes from the origin that died');

  const again = await start(0, first.data);
  push(t, `${again.rtmp}/${again.key}`, demoClip, { loop: true });
  await until('the first origin to stand by', async () => {
    const [a, b] = [await again.stream('show'), await second.stream('show')];
    return a?.state === 'live' && a.epoch > b.epoch && a.nextMsn > b.nextMsn;
  }, { seconds: 15 });
  await advance('while both are there', 2);
  await second.kill();
  const back = await advance('after the second origin died', 5);
  for (const stats of [...after, ...back]) assert.equal(stats.badPieces, 0);
  await playlist.stop();
  const epochs = [...new Set(playlist.all.map((segment) => segment.uri.split('/')[0]))];
  assert.deepEqual(playlist.failures, []);
  assert.equal(epochs.length, 3, `epochs ${epochs}`);
  t.diagnostic(`${playlist.reloads} reloads, epochs ${epochs}, segments up to ${playlist.all.at(-1).msn}`);
});
