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

test('the controls are tapped while it plays', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t), launch(t)]);
  await shoal.live('demo');
  for (const path of ['/watch/demo', '/embed/demo']) {
    const viewer = await browser.open(shoal.base + path, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    await viewer.moving(30);
    const { page } = viewer;
    const player = page.locator('shoal-player');
    const quiet = () => player.locator('.frame').evaluate((frame) => frame.classList.contains('quiet'));
    const tap = async (button, what, expected) => {
      if (await quiet()) await player.tap({ position: { x: 60, y: 40 } }); // the first shows the bar
      await player.locator(button).tap();
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
