// What the origin receives, watched by WHEP: by the studio's own button, of its own broadcast and of one by RTMP.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

// The number in the strip of the test pattern (player/src/studio/pattern.ts), null if there is none.
function reader() {
  const canvas = document.createElement('canvas');
  return (video) => {
    if (!video.videoWidth) return null;
    const side = video.videoWidth / 36;
    canvas.width = 180;
    canvas.height = 10;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 9 * side, side, 18 * side, side, 0, 0, 180, 10);
    const { data } = context.getImageData(0, 0, 180, 10);
    const lit = (square) => data[4 * (5 * 180 + square * 10 + 5) + 1] > 128;
    if (!lit(0) || lit(17)) return null;
    let number = 0;
    for (let bit = 0; bit < 16; bit++) if (lit(bit + 1)) number |= 1 << bit;
    return number;
  };
}

// When each picture of the test pattern was drawn, by its number.
function noteDrawing() {
  window.drawn = new Map();
  const draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    if (/^\d+$/.test(text)) window.drawn.set(Number(text) & 0xffff, performance.now());
    return draw.call(this, text, ...rest);
  };
}

const late = async (page) => Number(/Behind the server([\d.]+) s/.exec(await page.textContent('#late'))?.[1] ?? NaN);

// Clause: whep-play
test('the studio shows what the server receives, less than a second later', { timeout: 60_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const browser = await launch(t);
  const { page } = await browser.open(shoal.printed('Browser'), { viewport: { width: 1280, height: 900 }, before: (page) => page.addInitScript(noteDrawing) });
  await page.click('[data-source="pattern"]');
  await page.selectOption('#resolution', '360');
  await page.fill('#key', shoal.key);
  await page.click('#go');
  await until('the studio to be live', async () => (await page.textContent('#state')) === 'Live');
  await shoal.live('show');

  await page.evaluate(`window.read = (${reader})()`);
  const { first, delays } = await page.evaluate(() => new Promise((resolve) => {
    const began = performance.now();
    const got = document.querySelector('#received');
    const delays = [];
    let first = 0;
    const look = () => {
      const now = performance.now();
      first ||= now - began;
      const number = window.read(got);
      if (window.drawn.has(number)) delays.push(Math.round(now - window.drawn.get(number)));
      if (delays.length >= 90) resolve({ first: Math.round(first), delays: delays.slice(30).sort((a, b) => a - b) });
      else got.requestVideoFrameCallback(look);
    };
    got.requestVideoFrameCallback(look);
    document.querySelector('#look').click();
  }));
  await until('the page to know how late it is', async () => (await late(page)) >= 0);
  const { time, sound, frames } = await page.evaluate(() => {
    const video = document.querySelector('#received');
    return { time: video.currentTime, sound: video.srcObject.getAudioTracks().length, frames: video.getVideoPlaybackQuality().totalVideoFrames };
  });
  t.diagnostic(`first picture ${first} ms after the click; from the drawing of a picture to its showing ${delays[30]} ms in the middle, ` +
    `${delays[0]} to ${delays.at(-1)} ms; the page says ${await late(page)} s behind the server; ${frames} pictures`);
  assert.ok(delays[30] < 1000, `${delays[30]} ms late`);
  assert.ok(time > 1 && frames > 60 && sound === 1, `${time} s, ${frames} pictures, ${sound} sounds`);

  const ended = Date.now();
  await page.click('#go');
  await until('words on the picture that stands', async () => /is over, or has paused/.test(await page.textContent('#missing')), { seconds: 6, every: 50 });
  t.diagnostic(`the monitor says that nothing comes any more ${Date.now() - ended} ms after "End stream"`);
  assert.doesNotMatch(await page.textContent('#late'), /\d/, 'figures of a picture that stands');

  await page.click('#look');
  await until('the server to have let go', async () => (await shoal.metrics()).sum('shoal_origin_whep_viewers') === 0);
});

// Clause: whep-play, whep-no-sound, explained
test('a broadcast by RTMP is seen, and heard where there is ffmpeg; where there is none the page says so', { timeout: 60_000 }, async (t) => {
  const browser = await launch(t);
  const look = async (env) => {
    const shoal = await up(t, { demo: false, stream: 'show', env });
    push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
    await shoal.live('show');
    const { page } = await browser.open(shoal.printed('Browser'), { viewport: { width: 1280, height: 900 } });
    await page.fill('#key', shoal.key);
    await page.click('#look');
    await until('the picture to play', () => page.evaluate(() => document.querySelector('#received').currentTime > 2));
    await until('the page to know how late it is', async () => (await late(page)) >= 0);
    return page;
  };
  const heard = await look({});
  const loudness = await until('sound', () => heard.evaluate(async () => {
    let level = 0;
    const context = (window.context ??= new AudioContext());
    window.analyser ??= (() => {
      const made = context.createAnalyser();
      context.createMediaStreamSource(document.querySelector('#received').srcObject).connect(made);
      return made;
    })();
    const samples = new Float32Array(window.analyser.fftSize);
    window.analyser.getFloatTimeDomainData(samples);
    for (const sample of samples) level = Math.max(level, Math.abs(sample));
    return level > 0.01 && level;
  }), { seconds: 10 });
  t.diagnostic(`${await late(heard)} s behind the server, loudest ${loudness.toFixed(3)}`);
  assert.ok((await late(heard)) < 1);
  assert.equal(await heard.isVisible('#missing'), false, await heard.textContent('#missing'));
  await until('the page to tell who is on air', async () => (await heard.textContent('#state')) === 'On air by RTMP', { seconds: 5 });
  assert.match(await heard.textContent('#words'), /On air by RTMP, from another program/);
  assert.ok(await heard.isDisabled('#go'), '“Go live” can be pressed, and would be refused');

  const silent = await look({ PATH: '/nowhere' });
  const words = await silent.textContent('#missing');
  t.diagnostic(`without ffmpeg: "${words}"`);
  assert.match(words, /No sound: .*AAC.*ffmpeg/);
});
