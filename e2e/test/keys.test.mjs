// The player's keys, before and after its menu of qualities was used, and what the mouse does on its picture.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { Process } from '../harness/process.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// In the page: what keys have done, and where they go.
function look() {
  const { shadowRoot: root, video } = document.querySelector('shoal-player');
  return { focus: root.activeElement?.classList[0] ?? '', paused: video.paused, muted: video.muted, panel: !root.querySelector('.panel').hidden, chosen: root.querySelector('.quality').value };
}

test('the keys of the player work after its menu of qualities was used', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show', args: ['-ladder', '180p'] }), launch(t)]);
  push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
  await until('both renditions', async () => (await (await fetch(`${shoal.base}/live/show/index.m3u8`)).text()).split('#EXT-X-STREAM-INF').length === 3, { seconds: 20 });
  const viewer = await browser.open(`${shoal.base}/watch/show`, { viewport: { width: 1280, height: 800 } });
  await viewer.moving(30);
  const { page } = viewer;
  const menu = page.locator('shoal-player .quality');
  await menu.waitFor({ state: 'visible', timeout: 20_000 });
  const keyboard = { press: (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key, { delay: 50 })), Promise.resolve()) };
  const stands = (what, want) => until(what, async () => {
    const now = await page.evaluate(look);
    return Object.entries(want).every(([name, value]) => now[name] === value) && now;
  }, { seconds: 3, every: 50 }).catch(async () => assert.fail(`${what}: ${JSON.stringify(await page.evaluate(look))}, not ${JSON.stringify(want)}`));
  const keysWork = async (where) => {
    const { muted } = await page.evaluate(look);
    for (const [key, want] of [['k', { paused: true }], ['k', { paused: false }], ['m', { muted: !muted }], ['m', { muted }], ['s', { panel: true }], ['s', { panel: false }]]) {
      await keyboard.press(key);
      await stands(`${key} ${where}`, want);
    }
    await keyboard.press('f');
    await until(`f ${where}`, () => page.evaluate(() => document.fullscreenElement !== null), { seconds: 3 });
    await keyboard.press('f');
    await until(`f again ${where}`, () => page.evaluate(() => document.fullscreenElement === null), { seconds: 3 });
  };

  await menu.focus();
  await menu.selectOption({ label: '180p' });
  await stands('a choice', { focus: 'frame', chosen: '0' });
  await keysWork('after a choice');

  await menu.focus();
  await keyboard.press('Escape');
  await stands('Escape on the closed menu', { focus: 'frame' });

  await menu.focus();
  const { chosen } = await page.evaluate(look);
  await keyboard.press('ArrowUp');
  const stepped = await page.evaluate(look);
  assert.notEqual(stepped.chosen, chosen, 'an arrow chooses');
  assert.equal(stepped.focus, 'quality', 'and the menu is not left: there may be another one to come');
  await keyboard.press('ArrowDown');
  await stands('an arrow back', { focus: 'quality', chosen });
  await keysWork('with the menu in focus');

  for (const open of [() => menu.focus().then(() => keyboard.press(' ')), () => menu.click()]) {
    for (const [close, what] of [[['ArrowUp', 'Enter'], 'a choice in the open menu'], [['ArrowDown', 'Enter'], 'another one'], [['Escape'], 'Escape on the open menu']]) {
      await open();
      await pass(0.5); // it opens
      await keyboard.press(...close);
      await stands(what, { focus: 'frame' });
    }
  }
  await keysWork('after the open menu');
});

// In the page: where the player is, and what it says.
function stands() {
  const { shadowRoot: root, video, state } = document.querySelector('shoal-player');
  const { min, max } = root.querySelector('.seek');
  return {
    state, paused: video.paused, volume: video.muted ? 0 : video.volume, told: root.querySelector('.level').textContent, full: document.fullscreenElement !== null,
    place: (video.currentTime - Number(min)) / (Number(max) - Number(min)), live: root.querySelector('.live').classList.contains('on'), keys: !root.querySelector('.keys').hidden,
    quiet: root.querySelector('.frame').classList.contains('quiet'), scrolled: document.scrollingElement.scrollTop > 0, top: document.scrollingElement.scrollTop,
  };
}

test('keys and the mouse do what they do in every player', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show', args: ['-dvr', '10m', '-disk-reserve', '16M'] }), launch(t)]);
  const broadcast = (pace, seconds) => {
    const broadcaster = new Process('ffmpeg', 'ffmpeg', [
      '-nostdin', '-hide_banner', '-v', 'warning', '-readrate', String(pace), '-f', 'lavfi', '-i', `testsrc=s=96x54:r=10${seconds ? `:d=${seconds}` : ''}`,
      '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-b:v', '40k', '-g', '10', '-f', 'flv', `${shoal.rtmp}/${shoal.key}`,
    ]);
    atEnd(t, () => broadcaster.end('SIGKILL'));
    return broadcaster;
  };
  await broadcast(30, 90).ended; // a past to go back to
  broadcast(1);
  await shoal.live('show');
  const viewer = await browser.open(`${shoal.base}/watch/show`, { viewport: { width: 700, height: 420 } }); // so low that the page scrolls
  const { page } = viewer;
  const player = page.locator('shoal-player');
  await player.locator('.seek').waitFor({ timeout: 90_000 });
  const becomes = (what, want, seconds = 5) => until(what, async () => {
    const now = await page.evaluate(stands);
    return Object.entries(want).every(([name, value]) => (typeof value === 'function' ? value(now[name]) : now[name] === value));
  }, { seconds, every: 50 }).catch(async () => assert.fail(`${what}: ${JSON.stringify(await page.evaluate(stands))}, not ${Object.keys(want)}`));
  await becomes('the live edge', { state: 'playing', live: true }, 20);

  // Of the page, until the player has the focus.
  await page.keyboard.press('ArrowDown');
  let before = 0;
  const stood = (top) => {
    const still = top === before;
    before = top;
    return still;
  };
  await becomes('the page to scroll, and to stand', { scrolled: true, volume: 1, top: stood });
  await page.keyboard.press('Home');
  await becomes('the page to scroll back', { scrolled: false, live: true });

  const { x, y, width, height } = await player.boundingBox();
  const middle = [x + width / 2, y + height / 3];
  await page.mouse.click(...middle);
  await becomes('a click to pause', { paused: true, full: false });
  await player.locator('.big').click(); // which is gone before a second click
  await becomes('the button to play', { paused: false });
  await page.mouse.dblclick(...middle);
  await becomes('two clicks to fill the screen', { paused: false, full: true });
  await page.keyboard.press('f');
  await becomes('f to leave it', { full: false });

  await player.focus();
  for (const [key, want] of [
    ['ArrowDown', { volume: 0.95, told: 'Volume 95 %' }], ['ArrowDown', { volume: 0.9, told: 'Volume 90 %' }], ['ArrowUp', { volume: 0.95, told: 'Volume 95 %', scrolled: false }],
    ['Home', { place: (at) => at < 0.2, live: false }], ['End', { place: (at) => at > 0.8, live: true, paused: false }],
    ['Control+ArrowDown', { volume: 0.95 }], ['Alt+ArrowDown', { volume: 0.95 }],
    ['?', { keys: true }], ['Escape', { keys: false }], ['?', { keys: true }], ['?', { keys: false }],
  ]) {
    await page.keyboard.press(key);
    await becomes(key, want);
  }
  await becomes('the volume to be told no more', { told: '' });

  // What has the focus keeps its keys.
  await player.locator('.seek').focus();
  await page.keyboard.press('Home');
  await becomes('Home on the seek bar', { place: (at) => at < 0.2, volume: 0.95 });
  await page.keyboard.press('ArrowUp');
  await becomes('an arrow on the seek bar', { volume: 0.95, told: '' });
  await player.locator('.volume input').focus();
  await page.keyboard.press('Home');
  await becomes('Home on the volume', { volume: 0, told: '', place: (at) => at < 0.3 });
});
