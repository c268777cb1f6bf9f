// A broadcast with keyframes 30 s apart: who begins with one plays on to the next.

import assert from 'node:assert/strict';
import test from 'node:test';

import { pushPictures } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const APART = 30; // seconds

test('a picture whose keyframes are far apart plays on', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show' }), launch(t)]);
  pushPictures(t, `${shoal.rtmp}/${shoal.key}`, { keyframes: APART });
  await shoal.live('show');
  const viewer = await browser.open(`${shoal.base}/watch/show`);
  await viewer.moving(20);
  const look = () => viewer.page.evaluate(() => {
    const { video, state } = document.querySelector('shoal-player');
    return { state, time: video.currentTime, from: video.buffered.length > 0 ? video.buffered.start(0) : null };
  });
  const begun = Date.now();
  let [now, last] = [await look(), 0];
  while (now.time < APART + 3) {
    await pass(1);
    last = now.time;
    now = await look();
    assert.equal(now.state, 'playing', JSON.stringify(now));
    assert.ok(now.from !== null && now.from <= now.time, `what is played was forgotten: ${JSON.stringify(now)}`);
    assert.ok(Date.now() - begun < (APART + 15) * 1000, `it stood: ${JSON.stringify(now)}, and ${last} before`);
  }
  await until('what is before the next keyframe to be forgotten', async () => (await look()).from > 0, { seconds: 10 });
});
