// The player in a page of somebody else's style, which runs from right to left and shouts: nothing of it gets in but what is meant to. And in one that lets no
// script write markup.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import test from 'node:test';

import { pushPictures } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { port, up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const screens = {
  desktop: { viewport: { width: 1000, height: 700 } },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

const LOUD = `* { text-transform: uppercase; letter-spacing: .4em; word-spacing: 1em; text-indent: 3em; text-align: right; line-height: 3; text-shadow: 2px 2px red; color: #300; font-style: italic; }
  body { margin: 0; } shoal-player { --accent: #ffb454; font: 500 15px/1 Georgia, serif; aspect-ratio: 16 / 10; }`;

// In the page: what of its style got in, and where the bars begin.
function look() {
  const player = document.querySelector('shoal-player');
  const get = (selector) => player.shadowRoot.querySelector(selector);
  const style = (selector) => getComputedStyle(get(selector));
  const { width, height } = player.getBoundingClientRect();
  return {
    leaked: ['.live', '.ask b', '.ask .yes', '.panel h2', '.word', '.seek', '.volume input'].flatMap((selector) => {
      const { direction, textTransform, letterSpacing, wordSpacing, textIndent, textShadow } = style(selector);
      const wrong = direction !== 'ltr' || textTransform !== 'none' || parseFloat(letterSpacing) > 1 || parseFloat(wordSpacing) > 0 || textIndent !== '0px' || textShadow !== 'none';
      return wrong ? [`${selector}: ${[direction, textTransform, letterSpacing, wordSpacing, textIndent, textShadow]}`] : [];
    }),
    color: style('.live').color, font: style('.live').fontFamily, accent: style('.ask .yes').backgroundColor, line: parseFloat(style('.ask p').lineHeight) / parseFloat(style('.ask p').fontSize), shape: width / height,
  };
}

async function own(t, shoal, pages) {
  const at = port();
  const server = createServer(({ url }, answer) => {
    const [body, policy] = pages[url] ?? [];
    if (!body) return answer.writeHead(204).end();
    return answer.writeHead(200, { 'Content-Type': 'text/html', ...(policy && { 'Content-Security-Policy': policy }) }).end(`<!doctype html><link rel="icon" href="data:,">${body}`);
  }).listen(at, '127.0.0.1');
  atEnd(t, () => server.close());
  return `http://127.0.0.1:${at}`;
}

const element = (shoal) => `<script type="module" src="${shoal.base}/assets/shoal-player.js"></script><shoal-player src="${shoal.base}/live/demo/index.m3u8" autoplay muted></shoal-player>`;

test('in a page that runs from right to left the bars do not, and its words’ style stays outside', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'demo', p2p: 'ask', args: ['-dvr', '10m', '-disk-reserve', '16M'] }), launch(t)]);
  const url = `${shoal.rtmp}/${shoal.key}`;
  await pushPictures(t, url, { pace: 80, seconds: 75 }).ended; // a bar to seek by comes with a minute that can be sought in
  pushPictures(t, url);
  await shoal.live('demo');
  const at = await own(t, shoal, { '/loud': [`<html lang="ar" dir="rtl"><meta name="viewport" content="width=device-width"><style>${LOUD}</style>${element(shoal)}`] });
  for (const [name, screen] of Object.entries(screens)) {
    const viewer = await browser.open(`${at}/loud`, screen);
    const { page } = viewer;
    const player = page.locator('shoal-player');
    for (const part of ['.ask .yes', '.seek']) await player.locator(part).waitFor({ timeout: 30_000 });
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/loud-${name}.png` });
    const { line, shape, ...seen } = await page.evaluate(look);
    assert.deepEqual(seen, { leaked: [], color: 'rgb(255, 255, 255)', font: 'Georgia, serif', accent: 'rgb(255, 180, 84)' }, name);
    assert.ok(line < 1.5 && Math.abs(shape - 1.6) < 0.01, `${name}: lines of ${line}, a shape of ${shape}`);

    // A quarter of the way from the left is a quarter of the window, where the seek thumbnails count it, too.
    const { x, y, width, height } = await player.locator('.seek').boundingBox();
    const place = [x + width / 4, y + height / 2];
    const point = () => (screen.hasTouch ? page.touchscreen.tap(...place) : page.mouse.move(place[0], place[1] - 1).then(() => page.mouse.move(...place)));
    await (screen.hasTouch ? page.touchscreen.tap(x + width / 2, y - 60) : page.mouse.move(x + width / 2, y - 60)); // which shows the bar
    await until(`${name}: the bar`, () => player.locator('.frame').evaluate((frame) => !frame.classList.contains('quiet')));
    await point();
    const share = () => page.evaluate((hover) => {
      const root = document.querySelector('shoal-player').shadowRoot;
      const { min, max, value } = root.querySelector('.seek');
      return hover ? Number(root.querySelector('.peek').dataset.at) : (value - min) / (max - min);
    }, !screen.hasTouch);
    await until(`${name}: a quarter`, async () => Math.abs((await share()) - 0.25) < 0.12, { seconds: 5 }).catch(async (error) => { throw new Error(`${error.message}: at ${await share()}`); });
    await page.context().close();
  }
});

test('a page that asks for trusted types is given no markup', { timeout: 90_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { p2p: 'ask' }), launch(t)]);
  await shoal.live('demo');
  const at = await own(t, shoal, { '/strict': [element(shoal), "require-trusted-types-for 'script'; trusted-types 'none'"] });
  const viewer = await browser.open(`${at}/strict`, { before: (page) => page.addInitScript(() => {
    window.refused = [];
    document.addEventListener('securitypolicyviolation', ({ sample, effectiveDirective }) => window.refused.push(`${effectiveDirective}: ${sample}`));
  }) });
  const player = viewer.page.locator('shoal-player');
  await viewer.moving(40);
  await player.locator('.ask .yes').click({ timeout: 40_000 });
  await player.press('s');
  await player.press('?');
  await player.locator('.keys dl').waitFor();
  const refused = await viewer.page.evaluate(() => window.refused);
  assert.deepEqual(refused, []);
});
