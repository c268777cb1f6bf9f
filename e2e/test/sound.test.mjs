// A browser that lets nothing play aloud before a tap, and a stream without sound, which comes later; and one without a picture.

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

// In the page: what is said where the picture would be, and what else is there.
function face() {
  const { shadowRoot: root, video } = document.querySelector('shoal-player');
  const word = root.querySelector('.word');
  const seen = (selector) => root.querySelector(selector).checkVisibility();
  return {
    word: word.checkVisibility() ? word.querySelector('b').textContent : '', quiet: !word.matches('.veil, .dim') && !seen('.word .spin'),
    bar: seen('.bar .play') && seen('.bar .mute'), picture: video.videoWidth > 0, badge: document.querySelector('#state').textContent,
  };
}

test('a broadcast of sound alone is said to be one, until there is a picture', { timeout: 90_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show' }), launch(t)]);
  const alone = push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true, picture: false });
  await shoal.live('show');
  const viewer = await browser.open(`${shoal.base}/watch/show`, { expected: [/status of 503/] });
  const { page } = viewer;
  await until('it to be said', async () => (await page.evaluate(face)).word === 'Sound only');
  assert.deepEqual(await page.evaluate(face), { word: 'Sound only', quiet: true, bar: true, picture: false, badge: 'Live' });
  assert.ok((await viewer.loudness()) > 0.001);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/sound-only.png` });

  await alone.end('SIGTERM');
  push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
  await until('a picture, and no word', async () => {
    const { word, picture } = await page.evaluate(face);
    return picture && word === '';
  }, { seconds: 30 });
});
