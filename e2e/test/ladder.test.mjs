// A ladder of three beneath a 720p broadcast: renditions that a player can change between at every segment, made by an ffmpeg that may die.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { makeClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { frames } from '../harness/fmp4.mjs';
import { crowding } from '../harness/machine.mjs';
import { edge, origin, port } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const hlsjs = fileURLToPath(new URL('../../player/node_modules/hls.js/dist/hls.min.js', import.meta.url));
const sizes = ['1280x720', '854x480', '640x360', '426x240'];
const ladder = ['-ladder', '720p,480p,360p,240p'];
const indices = [0, 9, 10, 11]; // 8 is 720p, which the broadcaster sends

/** The lines of a multivariant playlist: [{bandwidth, codecs, size, uri}]. */
function variants(text) {
  return [...text.matchAll(/#EXT-X-STREAM-INF:(.*)\n(.*)/g)].map(([, attributes, uri]) => ({
    bandwidth: Number(/BANDWIDTH=(\d+)/.exec(attributes)[1]), codecs: /CODECS="([^"]*)"/.exec(attributes)[1],
    size: /RESOLUTION=(\S+?)(,|$)/.exec(attributes)[1], uri,
  }));
}

/** What a media playlist lists: segments {msn: {uri, gap}}, and the newest part that is there, {msn, part}. */
function listed(text) {
  const segments = new Map();
  let gap = false;
  let part = null;
  for (const line of text.split('\n')) {
    const segment = /^[^#].*\/s(\d+)\.m4s$/.exec(line);
    const piece = /^#EXT-X-PART:.*\/s(\d+)\.(\d+)\.m4s/.exec(line);
    if (line.startsWith('#EXT-X-GAP')) gap = true;
    else if (piece && !/GAP=YES/.test(line)) part = { msn: Number(piece[1]), part: Number(piece[2]) };
    else if (segment) {
      segments.set(Number(segment[1]), { uri: segment[0], gap });
      gap = false;
    }
  }
  return { segments, part };
}

/** The processes that a process has started, by any of its threads. */
const children = (pid) => readdirSync(`/proc/${pid}/task`)
  .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ')).filter(Boolean).map(Number);

/** Runs in the page: plays with hls.js alone, and notes all that a viewer would mind. */
function play(playlist) {
  const video = document.querySelector('video');
  const seen = (window.seen = { errors: [], ranges: [], waits: [], sizes: [], levels: 0 });
  const hls = (window.hls = new window.Hls({ lowLatencyMode: true, startLevel: 3, backBufferLength: Infinity }));
  hls.on(window.Hls.Events.ERROR, (_, { type, details, fatal, error }) => {
    if (details !== 'aborted') seen.errors.push(`${type} ${details}${fatal ? ' (fatal)' : ''}: ${error?.message}`); // it does that itself when it changes
  });
  hls.on(window.Hls.Events.MANIFEST_PARSED, (_, { levels }) => {
    seen.levels = levels.length;
  });
  video.addEventListener('resize', () => seen.sizes.push(`${video.videoWidth}x${video.videoHeight}`));
  video.addEventListener('waiting', () => seen.waits.push(Math.round(video.currentTime * 1000)));
  setInterval(() => {
    const { buffered } = video;
    if (buffered.length > 1) seen.ranges.push([...Array(buffered.length).keys()].map((i) => `${buffered.start(i)}-${buffered.end(i)}`).join(' '));
  }, 50);
  hls.attachMedia(video);
  hls.loadSource(playlist);
  void video.play();
}

// Clause: ladder, hls-variants, hls-codecs
test('a ladder of three is alike in numbers and times, survives its ffmpeg, and hls.js climbs it', { timeout: 120_000 }, async (t) => {
  const [shoal, clip, browser] = await Promise.all([
    origin(t, { stream: 'film', args: ladder }), makeClip({ seconds: 8, rate: 25, bframes: 2 }), launch(t),
  ]);
  const copies = await edge(t, { origin: shoal, tracker: `ws://127.0.0.1:${port()}/tracker` });
  push(t, `${shoal.rtmp}/${shoal.key}`, clip, { loop: true });
  const live = await until('all renditions', async () => {
    const stream = await shoal.stream('film');
    return stream?.renditions?.length === 4 && stream;
  }, { seconds: 20 });
  assert.deepEqual(live.transcode, { state: 'transcoding', why: '480p, 360p, 240p of H264 1280x720' });
  const text = async (path) => (await fetch(`${shoal.base}/live/film/${path}`)).text();

  const list = await until('all variants', async () => {
    const found = variants(await text('index.m3u8'));
    return found.length === 4 && found;
  });
  for (const v of list) t.diagnostic(`${v.size}: ${v.bandwidth} bit/s, ${v.codecs}`);
  assert.deepEqual(list.map((v) => v.size), sizes);
  assert.deepEqual(list.map((v) => v.uri), indices.map((i) => `v${i}/index.m3u8`));
  for (const [i, v] of list.entries()) {
    assert.match(v.codecs, /^avc1\.(4d|64)[0-9a-f]{4},mp4a\.40\.2$/);
    assert.ok(i === 0 || v.bandwidth < list[i - 1].bandwidth, `${v.size} needs more than ${sizes[i - 1]}`);
  }

  const { page } = await browser.open(`${copies.base}/hls`, {
    expected: [/Failed to load resource/], // while the origin is dead, and at the end
    before: (page) => page.route('**/hls', (route) => route.fulfill({ contentType: 'text/html', body: '<link rel="icon" href="data:,"><video muted></video>' })),
  });
  await page.addScriptTag({ path: hlsjs });
  await page.evaluate(play, `${copies.base}/live/film/index.m3u8`);
  const now = () => page.evaluate(() => ({ time: document.querySelector('video').currentTime, size: `${document.querySelector('video').videoWidth}x${document.querySelector('video').videoHeight}` }));
  await until('the picture to move', async () => (await now()).time > 0.5 && (await now()).size === sizes[0], { seconds: 15 });
  const atStart = await page.evaluate(() => [window.seen.waits.splice(0), window.seen.errors.splice(0)].flat());
  t.diagnostic(`hls.js, until the picture moved: ${atStart.join(', ') || 'nothing to tell'}`); // it may step over what it finds no media for
  assert.equal(await page.evaluate(() => window.seen.levels), 4, 'levels for hls.js');

  const began = { at: Date.now(), ...(await now()) };
  for (const size of [...sizes.slice(1), ...sizes.slice(0, -1).reverse()]) {
    await page.evaluate((height) => {
      window.hls.nextLevel = window.hls.levels.findIndex((level) => level.height === height);
    }, Number(size.split('x')[1]));
    await until(`a picture of ${size}`, async () => (await now()).size === size, { seconds: 10, every: 50 });
  }
  const climbed = { at: Date.now(), ...(await now()) };

  const [child, ...others] = children(shoal.process.pid);
  assert.deepEqual(others, [], 'there is more than one child');
  const before = listed(await text('v0/index.m3u8')).part;
  process.kill(child, 'SIGKILL');
  const killed = Date.now();
  for (const index of indices.slice(1)) {
    await until(`rendition ${index} to be back`, async () => listed(await text(`v${index}/index.m3u8`)).part?.msn > before.msn, { seconds: 10, every: 50 });
  }
  const back = Date.now() - killed;
  const end = await now();
  const seen = await page.evaluate(() => window.seen);
  t.diagnostic(`hls.js went through ${seen.sizes.join(' ')} in ${((climbed.at - began.at) / 1000).toFixed(1)} s, playing ${(climbed.time - began.time).toFixed(1)} s of it; ${crowding()}`);
  t.diagnostic(`the renditions were back ${back} ms after their ffmpeg was killed`);
  assert.deepEqual(seen.errors, [], 'hls.js met errors');
  assert.deepEqual(seen.ranges, [], 'there was a gap in the buffer');
  assert.deepEqual(seen.waits, [], 'the player waited for media');
  assert.ok(end.time - climbed.time > (back - 1000) / 1000, 'the source stood still when ffmpeg died');
  assert.ok(climbed.time - began.time > 0.8 * (climbed.at - began.at) / 1000, 'the picture stood still');
  assert.ok(back <= 5000, `the renditions were back only after ${back} ms`);

  const [source, ...made] = await Promise.all(indices.map(async (index) => listed(await text(`v${index}/index.m3u8`))));
  const numbers = [...source.segments.keys()];
  assert.deepEqual(numbers, numbers.map((_, i) => numbers[0] + i));
  assert.ok([...source.segments.values()].every(({ gap }) => !gap), 'the source has a gap');
  const pictures = async (index, uri) => frames(await (await fetch(`${shoal.base}/live/film/v${index}/${uri}`)).arrayBuffer());
  let compared = 0;
  for (const [msn, { uri }] of source.segments) {
    const keys = (all) => all.filter((frame) => frame.key).map((frame) => frame.pts / 90);
    const theirs = await pictures(0, uri);
    for (const [i, rendition] of made.entries()) {
      const same = rendition.segments.get(msn);
      if (!same || same.gap) continue;
      const own = await pictures(indices[i + 1], same.uri);
      assert.deepEqual(keys(own), keys(theirs), `key frames of segment ${msn} in rendition ${indices[i + 1]}, ms`);
      assert.equal(own.length, theirs.length, `frames of segment ${msn} in rendition ${indices[i + 1]}`);
      compared++;
    }
  }
  const gaps = made.map(({ segments }) => [...segments.values()].filter(({ gap }) => gap).length);
  t.diagnostic(`${compared} segments compared with the source's; ${gaps.join(' ')} are gaps`);
  assert.ok(compared >= 12, `only ${compared} segments are there to compare`);
  assert.ok(gaps.every((n) => n <= 3), 'the death of ffmpeg cost too many segments');

  // The origin itself dies while a rendition is watched, and the broadcaster comes back to the next one.
  await until('the gap to be past', async () => listed(await text('v0/index.m3u8')).part.msn > before.msn + 4, { seconds: 15 }); // hls.js leaves a level that has one
  await page.evaluate(() => {
    window.hls.nextLevel = window.hls.levels.findIndex((level) => level.height === 360);
  });
  await until('a picture of 640x360', async () => (await now()).size === '640x360', { seconds: 10, every: 50 });
  await shoal.kill();
  const died = Date.now();
  const next = await origin(t, { stream: 'film', data: shoal.data, ports: shoal.ports, args: ladder });
  push(t, `${next.rtmp}/${shoal.key}`, clip, { loop: true });
  await until('all renditions again', async () => (await next.stream('film'))?.renditions?.length === 4, { seconds: 20 });
  const listing = Date.now() - died;
  const left = await now();
  await until('hls.js to play on', async () => (await now()).time > left.time + 4, { seconds: 25, every: 50 }); // in the source: it leaves what has a gap
  const stood = Date.now() - died - 4000;
  const fatal = await page.evaluate(() => window.seen.errors.filter((error) => error.includes('(fatal)')));
  t.diagnostic(`the origin was killed: the next has all renditions after ${listing} ms, and hls.js stood still for ${stood} ms`);
  assert.deepEqual(fatal, [], 'hls.js gave up');
});
