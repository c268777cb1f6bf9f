// What the origin receives, watched by WHEP: in the studio, by the page's own button, and by RTMP's broadcasts.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

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

// Clause: whep-play
test('the studio shows what the server receives, less than a second later', { timeout: 60_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show' });
  const browser = await launch(t);
  const { page } = await browser.open(shoal.printed('Browser'), { viewport: { width: 1280, height: 900 } });
  await page.click('[data-source="pattern"]');
  await page.selectOption('#quality', '360');
  await page.fill('#key', shoal.key);
  await page.click('#go');
  await until('the studio to be live', async () => (await page.textContent('#state')) === 'Live');
  await shoal.live('show');

  const first = await page.evaluate(() => new Promise((resolve) => {
    const began = performance.now();
    document.querySelector('#received').requestVideoFrameCallback(() => resolve(performance.now() - began));
    document.querySelector('#look').click();
  }));
  await page.evaluate(`window.read = (${reader})()`);
  const delays = await page.evaluate(() => new Promise((resolve) => {
    const [sent, got] = ['#preview', '#received'].map((selector) => document.querySelector(selector));
    const delays = [];
    const look = () => {
      const [now, then] = [window.read(sent), window.read(got)];
      if (now !== null && then !== null) delays.push((now - then) & 0xffff);
      if (delays.length >= 90) resolve(delays);
      else got.requestVideoFrameCallback(look);
    };
    got.requestVideoFrameCallback(look);
  }));
  const sorted = delays.toSorted((a, b) => a - b).map((frames) => Math.round((frames * 1000) / 30));
  const shown = await page.textContent('#late');
  t.diagnostic(`first picture ${Math.round(first)} ms after the click; glass to glass ${sorted[45]} ms in the middle, ${sorted[0]} to ${sorted[89]} ms; the page says "${shown}"`);
  assert.ok(sorted[45] < 1000, `${sorted[45]} ms late`);
  const sound = await page.evaluate(() => document.querySelector('#received').webkitAudioDecodedByteCount);
  t.diagnostic(JSON.stringify({ sound }));
});
