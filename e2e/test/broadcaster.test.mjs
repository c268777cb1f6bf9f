// The broadcaster goes away for 10 s and comes back: the same stream, and nobody reloads.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { alone, launch } from '../harness/browser.mjs';
import { long } from '../harness/long.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// Clause: rtmp-reconnect, reconnects, viewer-counts
test('viewers go on by themselves when the broadcaster is back', { timeout: 120_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const address = `${shoal.rtmp}/${shoal.key}`;
  const first = push(t, address, demoClip, { loop: true });
  await shoal.live('show');
  const browser = await launch(t);
  const sums = []; // from the first on
  const counting = setInterval(() => shoal.stream('show').then(({ watching, inSwarm, atEdges }) => sums.push([watching, inSwarm + atEdges]), () => undefined), 250);
  t.after(() => clearInterval(counting));
  const viewers = [await browser.open(`${shoal.base}/watch/show`), await browser.open(`${shoal.base}/watch/show`),
    await browser.open(`${shoal.base}/watch/show`, alone)]; // the last is the control, without the swarm
  for (const viewer of viewers) await viewer.moving();
  await until('the two to share', async () => (await Promise.all(viewers.slice(0, 2).map((v) => v.stats()))).every((s) => s.bytesFromPeers > 0), { seconds: 15 });
  let counted = {};
  await until('all to be counted, two of them in the swarm', async () => {
    counted = await shoal.stream('show');
    return counted.watching === 3 && counted.inSwarm === 2 && counted.atEdges === 1;
  }, { seconds: 20 }).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify([counted.watching, counted.inSwarm, counted.atEdges])}`);
  });
  clearInterval(counting);
  const [most, both] = [0, 1].map((i) => Math.max(...sums.map((sum) => sum[i])));
  t.diagnostic(`of 3 at most ${most} were said to watch, while edges and trackers together had up to ${both}, in ${sums.length} looks`);
  assert.ok(most <= 3, 'somebody was counted twice');
  await until('the page to say so', async () => (await viewers[0].page.textContent('#facts')).startsWith('3 watching, 2 in the swarm'));
  const before = await Promise.all(viewers.map((v) => v.playback()));
  const stream = await shoal.stream('show');
  const stalled = () => Promise.all(viewers.map(async (v) => (await v.stats()).stalls));
  const own = await stalled();

  // A playlist that cannot be had in time is answered with 503 meanwhile, which a page's console shows.
  for (const viewer of viewers) viewer.expect(/Failed to load resource: .* status of (50[34]|404 .*\.m4s\))/);
  await first.end('SIGKILL');
  await pass(10);
  const away = await shoal.stream('show');
  t.diagnostic(`while away: ${away.state}`);
  assert.equal(away.state, 'interrupted');
  assert.deepEqual(await stalled(), own, 'the broadcaster\'s absence counts as the viewers\' stalls');
  const dry = await Promise.all(viewers.map((v) => v.playback()));

  const began = Date.now();
  const second = push(t, address, demoClip, { loop: true });
  const resumed = await Promise.all(viewers.map(async (viewer, i) => {
    await until(`${viewer.name} to go on`, async () => {
      assert.ok(second.running, `ffmpeg was refused: ${second.output}`);
      const now = await viewer.playback();
      return now.time > dry[i].time + 0.5 && now.frames > dry[i].frames + 10;
    }, { seconds: 20, every: 50 });
    return Date.now() - began;
  }));
  t.diagnostic(`pictures again ${resumed.join(' and ')} ms after the broadcaster's return`);

  await pass(5);
  const after = await Promise.all(viewers.map((v) => v.playback()));
  const counters = await Promise.all(viewers.map((v) => v.counter()));
  const stats = await Promise.all(viewers.map((v) => v.stats()));
  const now = await shoal.stream('show');
  const playlist = await (await fetch(`${shoal.base}/live/show/v0/index.m3u8`)).text();
  t.diagnostic(`5 s later: ${stats.map((s) => s.latencySeconds.toFixed(2)).join(' and ')} s behind live, pictures ${counters.map((c) => c.number).join(' and ')}, ` +
    `p2p ${stats.map((s) => s.p2p).join(' and ')}; MSN ${stream.lastMsn} before, ${now.lastMsn} now`);
  for (const [i, a] of after.entries()) {
    assert.equal(a.loaded, before[i].loaded, 'the page was loaded again');
    assert.ok(a.frames > dry[i].frames + 90, 'the picture does not go on');
    assert.ok(stats[i].latencySeconds <= 6, `${stats[i].latencySeconds} s behind live`);
  }
  assert.equal(now.epoch, stream.epoch, 'it became another stream');
  assert.ok(now.lastMsn > stream.lastMsn, `MSN went from ${stream.lastMsn} to ${now.lastMsn}`);
  assert.match(playlist, /^#EXT-X-DISCONTINUITY$/m);
  assert.ok(Math.max(...resumed) <= 6000, `viewers went on only after ${Math.max(...resumed)} ms`);
});

// The clip's picture and sound, the picture alone, and both again.
// Clause: rtmp-reconnect, reconnects, hls-discontinuity
test('viewers play on when the broadcaster comes back with other tracks', { timeout: 60_000, skip: long }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const address = `${shoal.rtmp}/${shoal.key}`;
  const began = Date.now();
  let broadcaster = push(t, address, demoClip, { loop: true });
  await shoal.live('show');
  const browser = await launch(t);
  const viewers = [await browser.open(`${shoal.base}/watch/show`), await browser.open(`${shoal.base}/watch/show`, alone)];
  for (const viewer of viewers) await viewer.moving();
  for (const viewer of viewers) viewer.expect(/Failed to load resource: .* status of (50[34]|404 .*\.m4s\))/);
  await pass(1);
  for (const tracks of [['h264'], ['aac', 'h264']]) {
    const before = await Promise.all(viewers.map((v) => v.playback()));
    const { stalls } = await viewers[0].stats();
    await broadcaster.end('SIGINT', 5);
    await pass(0.5);
    const back = Date.now();
    broadcaster = push(t, address, demoClip, { loop: true, sound: tracks.includes('aac') });
    const after = await Promise.all(viewers.map(async (viewer, i) => {
      let now;
      await until(`${viewer.name} to go on with ${tracks.join(' and ')}`, async () => {
        now = await viewer.playback();
        return !now.paused && now.time > before[i].time + 1 && now.frames > 15 && (now.audioBytes === 0) === (tracks.length === 1);
      }, { seconds: 10 });
      assert.equal(now.loaded, before[i].loaded, 'the page was loaded again');
      return Date.now() - back;
    }));
    t.diagnostic(`${tracks.join(' and ')}: playing ${after.join(' and ')} ms after the broadcaster's return`);
    assert.ok((await viewers[0].stats()).stalls > stalls, 'that the picture stood still was not counted');
  }
  t.diagnostic(`${Date.now() - began} ms in all`);
});
