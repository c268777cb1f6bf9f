// The origin is killed and started again, and the broadcaster comes back with another picture: the playlist goes on.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, makeClip, push } from '../harness/broadcaster.mjs';
import { Playlist } from '../harness/playlist.mjs';
import { edge, origin, port } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

// Clause: restart, rtmp-reconnect, hls-msn, hls-target, hls-discontinuity, hls-pdt
test('an origin that was killed goes on with what it began', { timeout: 60_000 }, async (t) => {
  const began = Date.now();
  const [first, clip] = await Promise.all([origin(t, { stream: 'show' }), makeClip({ size: '320x180', seconds: 20 })]);
  const copies = await edge(t, { origin: first, tracker: `ws://127.0.0.1:${port()}/tracker` });
  push(t, `${first.rtmp}/${first.key}`, demoClip, { loop: true });
  await copies.live('show');
  const playlist = new Playlist(`${copies.base}/live/show/v0/index.m3u8`).follow();
  await until('a segment', () => playlist.newest?.segments.length >= 1, { seconds: 15 });
  const before = { ...(await first.stream('show')), last: playlist.all.at(-1) };

  await first.kill();
  const killed = Date.now();
  const second = await origin(t, { stream: 'show', data: first.data, ports: first.ports });
  const ready = Date.now();
  push(t, `${second.rtmp}/${first.key}`, clip);
  const after = await until('a segment of the next process', () => playlist.all.find((s) => s.discontinuity > before.last.discontinuity), { seconds: 15 });
  const took = Date.now() - ready;
  await until('and one more', () => playlist.all.at(-1).msn > after.msn, { seconds: 10 });
  await playlist.stop();
  const now = await second.stream('show');
  t.diagnostic(`killed and listening again after ${ready - killed} ms; a segment listed ${took} ms later; MSN ${before.last.msn} before, ${after.msn} after; ` +
    `${playlist.reloads} reloads, ${playlist.failures.length} without an answer; ${Date.now() - began} ms in all`);
  assert.equal(now.epoch, before.epoch, 'it became another stream');
  assert.equal(now.publicKey, before.publicKey, 'its records have another key');
  assert.notEqual(after.map, before.last.map, 'another picture has the same map');
  assert.ok(after.msn - before.last.msn <= 2, `from segment ${before.last.msn} to ${after.msn}`);
  assert.deepEqual([now.renditions[0].width, before.renditions[0].width], [320, 640]);
});
