// The player's keys, before and after its menu of qualities was used.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
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
