// A window of a quarter of an hour, or of as many hours as DVR_HOURS says (DVR_HOURS=2 ./run dvr): hls.js seeks through all of it, follows it by delta playlists, and the origin's memory holds minutes.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { Process } from '../harness/process.mjs';
import { origin } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const hlsjs = fileURLToPath(new URL('../../player/node_modules/hls.js/dist/hls.min.js', import.meta.url));
const hours = Number(process.env.DVR_HOURS ?? 0.25);
const seconds = Math.round(hours * 3600);

// Small pictures of a clock, at a pace: so many seconds of them, or for ever.
function clock(t, url, pace, seconds) {
  const source = `testsrc=s=96x54:r=6${seconds ? `:d=${seconds}` : ''}`;
  const broadcaster = new Process('ffmpeg', 'ffmpeg', [
    '-nostdin', '-hide_banner', '-v', 'warning', '-readrate', String(pace), '-f', 'lavfi', '-i', source,
    '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-b:v', '40k', '-g', '12', '-keyint_min', '12', '-sc_threshold', '0',
    '-f', 'flv', url,
  ]);
  atEnd(t, () => broadcaster.end('SIGKILL'));
  return broadcaster;
}

// In the page: hls.js on the playlist, with what it met in window.seen.
function play(playlist) {
  const video = document.querySelector('video');
  const hls = new window.Hls({ lowLatencyMode: true, backBufferLength: 10, maxBufferLength: 10 });
  Object.assign(window, { hls, seen: { errors: [], loads: 0 } });
  hls.on('hlsError', (_, { type, details, fatal }) => (fatal || type !== 'mediaError' && details !== 'aborted') && window.seen.errors.push(`${type} ${details}${fatal ? ' fatal' : ''}`)); // where one seeks it aborts, and steps over holes, by itself
  hls.on('hlsLevelLoaded', () => window.seen.loads++);
  hls.attachMedia(video);
  hls.loadSource(playlist);
  void video.play();
}

// Clause: dvr, hls-skip
test('a window on disk can be seeked in, and followed by deltas, from little memory', { timeout: 180_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([
    // the recorder may be a while behind a broadcast that is faster than life
    origin(t, { stream: 'show', args: ['-dvr', `${seconds}s`, '-disk-reserve', '16M', '-window', '200'] }), launch(t),
  ]);
  const url = `${shoal.rtmp}/${shoal.key}`;
  const began = Date.now();
  const past = clock(t, url, 400, seconds + 60);
  const { code } = await past.ended;
  assert.equal(code, 0, past.output);
  await until('all of it to be taken', async () => (await shoal.stream('show'))?.state !== 'live', { seconds: 30, every: 50 });
  clock(t, url, 1);
  const list = async (query = '') => (await fetch(`${shoal.base}/live/show/v0/index.m3u8${query}`)).text();
  await until('the whole window', async () => (await shoal.stream('show'))?.state === 'live' && (await list()).split('#EXTINF').length > seconds / 2 - 30, { seconds: 20 });
  const [whole, delta] = [await list(), await list('?_HLS_skip=YES')];
  const gaps = whole.split('#EXT-X-GAP').length - 1;
  t.diagnostic(`${whole.split('#EXTINF').length - 1} segments after ${((Date.now() - began) / 1000).toFixed(0)} s; ${gaps} gaps; ` +
    `the playlist has ${whole.length} bytes, its delta ${delta.length}`);
  const skipped = Number(/#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d+)/.exec(delta)?.[1]);
  assert.ok(skipped > seconds / 2 - 300, `the delta leaves out ${skipped} segments`);
  assert.equal(gaps, 0, 'segments were lost');

  const playlists = { whole: 0, delta: 0 };
  const { page } = await browser.open(`${shoal.base}/hls`, {
    before: async (page) => {
      page.on('response', async (response) => {
        if (!response.url().includes('/v0/index.m3u8') || !response.ok()) return;
        const text = await response.text().catch(() => '');
        playlists[text.includes('#EXT-X-SKIP:') ? 'delta' : 'whole']++;
      });
      await page.route('**/hls', (route) => route.fulfill({ contentType: 'text/html', body: '<link rel="icon" href="data:,"><video muted></video>' }));
    },
  });
  await page.addScriptTag({ path: hlsjs });
  await page.evaluate(play, `${shoal.base}/live/show/index.m3u8`);
  const now = () => page.evaluate(() => ({ time: document.querySelector('video').currentTime, ready: document.querySelector('video').readyState }));
  await until('the picture to move', async () => (await now()).ready >= 3, { seconds: 15 });
  const span = await page.evaluate(() => {
    const { fragments, edge } = window.hls.latestLevelDetails;
    return { from: fragments[0].start, to: edge };
  });
  t.diagnostic(`hls.js sees ${(span.to - span.from).toFixed(0)} s`);
  assert.ok(span.to - span.from > seconds - 60, 'the window is too short');

  for (const [where, at] of [['the beginning', span.from + 20], ['the middle', (span.from + span.to) / 2], ['three quarters', span.from + 0.75 * (span.to - span.from)], ['the live edge', null]]) {
    const asked = Date.now();
    const target = await page.evaluate((to) => (document.querySelector('video').currentTime = to ?? window.hls.liveSyncPosition), at);
    await until(`the picture to move at ${where}`, async () => {
      const { time } = await now();
      return time > target + 1 && time < target + 30;
    }, { seconds: 15, every: 50 });
    t.diagnostic(`${where}: a second of picture after ${Date.now() - asked} ms`);
  }
  await until('deltas', () => playlists.delta >= 5, { seconds: 15 });
  const seen = await page.evaluate(() => window.seen);
  const memory = (await shoal.metrics()).sum('process_resident_memory_bytes');
  t.diagnostic(`playlists: ${playlists.whole} whole, ${playlists.delta} deltas; the origin has ${(memory / 1e6).toFixed(0)} MB`);
  assert.deepEqual(seen.errors, [], 'hls.js met errors');
  assert.ok(playlists.whole <= 3, 'whole playlists were asked for again');
});
