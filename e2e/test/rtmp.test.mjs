// A broadcaster with ffmpeg: any H.264 and AAC file in, standard HLS out.

import assert from 'node:assert/strict';
import test from 'node:test';

import { codecs, complaints, makeClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

test('a 720p file pushed by RTMP is live, plays, and is clean HLS', { timeout: 150_000 }, async (t) => {
  const [shoal, clip, browser] = await Promise.all([up(t, { demo: false, stream: 'film' }), makeClip(), launch(t)]);
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
  const reading = complaints(playlist, 30);

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
  t.diagnostic(`ffmpeg read 30 s and said: ${said.trim() || 'nothing'}`);
  assert.equal(said.trim(), '', 'ffmpeg complained of the stream');
  assert.ok(shown <= 4000, `it was on the front page only ${shown} ms after ffmpeg's start`);
});
