// Broadcasters with ffmpeg and GStreamer: any H.264 and AAC file in, standard HLS out.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { describe } from 'node:test';

import { codecs, complaints, makeClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { run } from '../harness/process.mjs';
import { addKey, folder, origin, up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const READ = 15; // seconds

/** Saves what a stream's playlist lists as one file, and returns its name. */
async function saved(playlist) {
  const get = async (url) => {
    const answer = await fetch(url);
    assert.equal(answer.status, 200, url);
    return Buffer.from(await answer.arrayBuffer());
  };
  const lines = (await get(playlist)).toString().split('\n');
  const map = /URI="([^"]+)"/.exec(lines.find((line) => line.startsWith('#EXT-X-MAP')))[1];
  const names = [map, ...lines.filter((line) => line.includes('.m4s') && !line.startsWith('#'))];
  const file = join(folder('saved'), 'stream.mp4');
  await writeFile(file, Buffer.concat(await Promise.all(names.map((name) => get(new URL(name, playlist).href)))));
  return file;
}

/** What ffprobe reads of the pictures of a file, in the order they stand there: {pts, dts} in milliseconds. */
async function pictures(file) {
  const { code, output } = await run('ffprobe', 'ffprobe', ['-v', 'error', '-select_streams', 'v', '-show_packets', '-of', 'json', file]);
  assert.equal(code, 0, output);
  return JSON.parse(output).packets.map(({ pts_time, dts_time }) => ({ pts: 1000 * pts_time, dts: 1000 * dts_time }));
}

const seconds = 7; // of each broadcast

const broadcasters = {
  'ffmpeg with B-frames': (url) => ['ffmpeg', [
    '-nostdin', '-v', 'warning', '-f', 'lavfi', '-i', `testsrc2=s=640x360:r=30:d=${seconds}`, '-f', 'lavfi', '-i', `sine=f=440:r=48000:d=${seconds}`,
    '-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-b_strategy', '0', '-g', '60', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'flv', url,
  ]],
  GStreamer: (url) => ['gst-launch-1.0', [
    '-q', 'flvmux', 'streamable=true', 'name=mux', '!', 'rtmp2sink', `location=${url}`,
    'videotestsrc', `num-buffers=${30 * seconds}`, '!', 'video/x-raw,format=I420,width=640,height=360,framerate=30/1', '!',
    'x264enc', 'tune=zerolatency', 'speed-preset=veryfast', 'key-int-max=60', '!', 'h264parse', '!', 'queue', '!', 'mux.',
    'audiotestsrc', 'samplesperbuffer=1024', `num-buffers=${Math.floor((48000 * seconds) / 1024)}`, '!', 'audio/x-raw,rate=48000,channels=2', '!',
    'voaacenc', '!', 'aacparse', '!', 'queue', '!', 'mux.',
  ]],
};

// Beside each other: each waits for what takes its time, a broadcast of seven seconds and a reader of fifteen.
describe('broadcasters', { concurrency: true }, () => {
  // Clause: rtmp-url, first-minute
  test('a 720p file pushed by RTMP is live, plays, and is clean HLS', { timeout: 150_000 }, async (t) => {
    const [shoal, clip, browser] = await Promise.all([up(t, { demo: false, stream: 'film' }), makeClip({ seconds: READ + 10 }), launch(t)]);
    const front = await browser.open(shoal.printed('Live now'));
    const links = () => front.page.locator('a[href$="/watch/film"]').count();
    await front.page.waitForLoadState('load');
    assert.equal(await links(), 0, 'it is on the front page before it is live');

    const began = Date.now();
    const ffmpeg = push(t, `${shoal.rtmp}/${shoal.key}`, clip);
    await until('the stream on the front page', async () => {
      assert.ok(ffmpeg.running, `ffmpeg ended: ${ffmpeg.output}`);
      return (await links()) > 0;
    }, { seconds: 15, every: 50 });
    const shown = Date.now() - began;
    t.diagnostic(`on the front page ${shown} ms after ffmpeg's start`);
    await front.close();

    const playlist = `${shoal.base}/live/film/index.m3u8`;
    const viewer = await browser.open(`${shoal.base}/watch/film`);
    t.diagnostic(`moving ${await viewer.moving()} ms after opening`);
    const reading = complaints(playlist, READ);

    const before = await viewer.playback();
    await until('the picture to advance by 2 s', async () => (await viewer.playback()).time > before.time + 2, { seconds: 6 });
    const after = await viewer.playback();
    const loudness = await viewer.loudness();
    t.diagnostic(`in Chromium: ${after.size.join('x')}, ${after.frames} frames, ${after.audioBytes} bytes of sound, loudest ${loudness.toFixed(3)}`);
    assert.deepEqual(after.size, [1280, 720]);
    assert.ok(after.frames > before.frames + 30, 'frames do not advance');
    assert.ok(after.audioBytes > before.audioBytes, 'no sound is decoded');
    assert.ok(loudness > 0.05, `the loudest sample is ${loudness}`);

    const read = await codecs(playlist);
    t.diagnostic(`ffprobe reads ${read.join(' + ')}`);
    assert.deepEqual(read, ['aac', 'h264']);
    const said = await reading;
    t.diagnostic(`ffmpeg read ${READ} s and said: ${said.trim() || 'nothing'}`);
    assert.equal(said.trim(), '', 'ffmpeg complained of the stream');
    assert.ok(shown <= 4000, `it was on the front page only ${shown} ms after ffmpeg's start`);
  });

  // Clause: rtmp-bframes, rtmp-sequence, rtmp-unpublish
  test('ffmpeg with B-frames and GStreamer are taken picture by picture', { timeout: 90_000 }, async (t) => {
    const source = await origin(t, { stream: 'film' });
    const keys = { GStreamer: source.key, 'ffmpeg with B-frames': await addKey(source.data, 'series') };
    const streams = { GStreamer: 'film', 'ffmpeg with B-frames': 'series' };
    await Promise.all(Object.entries(broadcasters).map(async ([name, command]) => {
      const stream = streams[name];
      const [program, args] = command(`${source.rtmp}/${keys[name]}`);
      const { code, output } = await run(program, program, args);
      assert.equal(code, 0, `${name}: ${output}`);
      const ended = await until(`the stream of ${name} to be over`, async () => {
        const said = await source.stream(stream);
        return said?.state === 'ended' && said;
      }, { seconds: 10, every: 50 });
      assert.ok(ended.gopSeconds <= 2.001, `${name}: key frames every ${ended.gopSeconds} s`);

      const file = await saved(`${source.base}/live/${stream}/v0/index.m3u8`);
      assert.deepEqual(await codecs(file), ['aac', 'h264']);
      const read = await pictures(file);
      assert.ok(read.length >= 30 * (seconds - 1), `${name}: ${read.length} pictures`);
      assert.ok(read.every(({ dts }, i) => i === 0 || dts > read[i - 1].dts), `${name}: decode times do not rise`);
      const shown = read.map(({ pts }) => pts).sort((a, b) => a - b);
      const uneven = shown.findIndex((pts, i) => i > 0 && Math.abs(pts - shown[i - 1] - 1000 / 30) > 2);
      assert.equal(uneven, -1, `${name}: picture ${uneven} is shown ${shown[uneven] - shown[uneven - 1]} ms after the one before`);
      const moved = read.filter(({ pts }, i) => i > 0 && pts < read[i - 1].pts).length;
      t.diagnostic(`${name}: ${ended.renditions[0].codecs}, ${read.length} pictures, ${moved} shown before one that was decoded earlier`);
      assert.equal(moved > 20, name.includes('B-frames'), `${name}: ${moved} pictures are out of order`);
      const decoded = await run('decode', 'ffmpeg', ['-nostdin', '-v', 'error', '-i', file, '-f', 'null', '-']);
      assert.equal(decoded.code, 0);
      assert.equal(decoded.output.trim(), '', `ffmpeg complained of the stream of ${name}`);
    }));
  });
});
