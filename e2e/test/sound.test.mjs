// A browser that lets nothing play aloud before a tap, and a stream without sound, which comes later.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// In the page: what is offered, and how it plays.
function look() {
  const { shadowRoot: root, video } = document.querySelector('shoal-player');
  return { tap: !root.querySelector('.sound').hidden, muted: video.muted, audio: video.webkitAudioDecodedByteCount > 0, time: video.currentTime };
}

test('a tap for sound is offered where there is sound, and once there is', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show' }), launch(t, { args: ['--autoplay-policy=document-user-activation-required'] })]);
  const silent = push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true, sound: false });
  await shoal.live('show');
  const viewer = await browser.open(`${shoal.base}/watch/show`);
  await pass(6); // what is evaluated in a page counts as a tap: not before it plays
  await viewer.moving(30);
  const now = await viewer.page.evaluate(look);
  assert.deepEqual([now.muted, now.tap], [true, false], JSON.stringify(now));

  await silent.end('SIGTERM');
  push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
  await until('sound, and the offer', async () => {
    const { tap, audio, muted } = await viewer.page.evaluate(look);
    return tap && audio && muted;
  }, { seconds: 30 });
  await viewer.page.locator('shoal-player .sound').click();
  await until('the offer to go', async () => {
    const { tap, muted } = await viewer.page.evaluate(look);
    return !tap && !muted;
  }, { seconds: 5 });
});
