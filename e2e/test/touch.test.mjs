// Fingers on the player's controls, while it plays: what is tapped does what it says.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

// In the page: what the controls have done.
function look() {
  const { shadowRoot: root, video } = document.querySelector('shoal-player');
  return { paused: video.paused, muted: video.muted, panel: root.querySelector('.panel')?.checkVisibility() ?? false };
}

/** Taps a button of the bar; where that has gone to rest a tap shows it before, and again where the machine was slow. */
function press(page, button) {
  const player = page.locator('shoal-player');
  return until(`a tap on ${button}`, async () => {
    if (await player.locator('.frame').evaluate((frame) => frame.classList.contains('quiet'))) await player.tap({ position: { x: 60, y: 40 } });
    return player.locator(button).tap({ timeout: 2000 }).then(() => true);
  }, { seconds: 20 });
}

test('the controls are tapped while it plays', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t), launch(t)]);
  await shoal.live('demo');
  for (const path of ['/watch/demo', '/embed/demo']) {
    const viewer = await browser.open(shoal.base + path, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    await viewer.moving(30);
    const { page } = viewer;
    const player = page.locator('shoal-player');
    const tap = async (button, what, expected) => {
      await press(page, button);
      await until(`${path}: ${what}`, async () => (await page.evaluate(look))[what] === expected, { seconds: 5 });
    };
    const { muted } = await page.evaluate(look);
    await tap('.mute', 'muted', !muted);
    await tap('.play', 'paused', true);
    await tap('.play', 'paused', false);
    await tap('.stats', 'panel', true);
    assert.deepEqual(await page.evaluate(look), { paused: false, muted: !muted, panel: true });
    await page.context().close();
  }
});

// A stream of two qualities, without a machine that makes the other one: the list names the one twice.
const twice = (page) => page.route(/\/live\/demo\/index\.m3u8/, async (route) => {
  const list = await (await route.fetch()).text();
  const own = list.slice(list.indexOf('#EXT-X-STREAM-INF'));
  await route.fulfill({ body: `${list}\n${own.replace(/([^-]BANDWIDTH)=\d+/, '$1=90000').replace(/RESOLUTION=\d+x\d+/, 'RESOLUTION=426x240')}`, contentType: 'application/vnd.apple.mpegurl' });
});

test('live, the quality and the whole screen by fingers', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t), launch(t)]);
  await shoal.live('demo');
  const viewer = await browser.open(`${shoal.base}/watch/demo`, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, before: twice });
  await viewer.moving(30);
  const { page } = viewer;
  const player = page.locator('shoal-player');
  const tap = (button) => press(page, button);
  const live = () => player.locator('.live').evaluate((button) => button.classList.contains('on'));

  await tap('.play');
  await until('it to be behind', async () => !(await live()), { seconds: 15 });
  await tap('.live');
  await until('it to be live, and to play', async () => (await live()) && !(await page.evaluate(look)).paused, { seconds: 15 });

  await tap('.quality');
  await player.locator('.quality').selectOption({ label: '240p' });
  await until('the quality', () => player.locator('.quality').evaluate((menu) => menu.selectedOptions[0].text === '240p'));
  await page.keyboard.press('Escape');

  const whole = () => page.evaluate(() => document.fullscreenElement?.localName ?? '');
  const twoTaps = async () => {
    const at = await player.boundingBox();
    for (let i = 0; i < 2; i++) await page.touchscreen.tap(at.x + at.width / 4, at.y + at.height / 2);
  };
  const { paused } = await page.evaluate(look);
  await twoTaps();
  await until('the whole screen', async () => (await whole()) === 'shoal-player', { seconds: 5 });
  assert.equal((await page.evaluate(look)).paused, paused, 'it paused on its way');
  await twoTaps();
  await until('the page again', async () => (await whole()) === '', { seconds: 5 });
});

test('picture in picture, and back, while it plays', { timeout: 60_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t), launch(t)]);
  await shoal.live('demo');
  const viewer = await browser.open(`${shoal.base}/watch/demo`, { viewport: { width: 1000, height: 800 } });
  await viewer.moving(30);
  const { page } = viewer;
  const player = page.locator('shoal-player');
  const floats = () => player.evaluate((element) => element.shadowRoot.pictureInPictureElement === element.video);
  if (!(await page.evaluate(() => document.pictureInPictureEnabled))) return t.skip('this browser has none');
  await player.hover();
  await player.locator('.pip').click();
  await until('the window above others', floats, { seconds: 5 });
  const { time } = await viewer.playback();
  await until('it to play on there', async () => (await viewer.playback()).time > time + 1, { seconds: 5 });
  await page.keyboard.press('p');
  await until('the picture in the page', async () => !(await floats()), { seconds: 5 });
  assert.equal((await page.evaluate(look)).paused, false);
});
