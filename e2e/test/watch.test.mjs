// The first thing a new user does: run it, open the watch page, and look.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch, noStalls } from '../harness/browser.mjs';
import { long } from '../harness/long.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const STEADY = Number(process.env.STEADY ?? 20); // seconds that it is watched; STEADY=60 e2e/run watch takes a minute

// Clause: first-minute
test('the demo plays: at once, with sound, close to live, without a stall', { timeout: 120_000 }, async (t) => {
  const shoal = await up(t);
  const address = shoal.printed('Watch');
  assert.match(address, /\/watch\/demo$/, 'the printed address of the watch page');
  await shoal.live('demo');
  const browser = await launch(t);
  const viewer = await browser.open(address);

  const started = await viewer.moving();
  t.diagnostic(`the picture moved ${started} ms after opening (the player says ${(await viewer.stats()).startupMillis} ms)`);
  assert.ok(started <= 3000, `the picture moved only after ${started} ms`);

  const one = await viewer.counter();
  const before = await viewer.playback();
  await pass(3);
  const two = await viewer.counter();
  const after = await viewer.playback();
  const advanced = (two.number - one.number + 480) % 480;
  const played = two.time - one.time;
  t.diagnostic(`the counter went from ${one.number} to ${two.number} in ${played.toFixed(2)} s of the player's time`);
  assert.ok(played > 2, `the player's time advanced by ${played} s in 3 s`);
  assert.ok(Math.abs(advanced - 30 * played) <= 10, `${advanced} pictures in ${played} s`);

  const loudness = await viewer.loudness();
  t.diagnostic(`sound: ${after.audioBytes - before.audioBytes} bytes decoded in 3 s, loudest sample ${loudness.toFixed(3)}`);
  assert.ok(after.audioBytes > before.audioBytes, 'no sound was decoded');
  assert.ok(loudness > 0.05, `the loudest sample is ${loudness}`);

  await pass(15 - (Date.now() - viewer.began) / 1000);
  const { latencySeconds, bufferSeconds } = await viewer.stats();
  t.diagnostic(`after 15 s: ${latencySeconds.toFixed(2)} s behind live, ${bufferSeconds.toFixed(2)} s buffered`);
  assert.ok(latencySeconds > 0 && latencySeconds <= 4, `${latencySeconds} s behind live`);

  await pass(STEADY - (Date.now() - viewer.began - started) / 1000);
  const [stats] = await noStalls(t, [viewer], `in ${STEADY} s`);
  t.diagnostic(`dropped frames: ${stats.droppedFrames}`);

  viewer.expect(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|WebSocket connection|status of 50[234]/);
  const stopping = Date.now();
  await shoal.stop();
  t.diagnostic(`ended cleanly ${Date.now() - stopping} ms after SIGTERM, while watched`);
});

// Runs in the page: hls.js learns that the element takes media only once a part of it was asked for.
function slowElement() {
  window.askedFirst = false;
  const add = MediaSource.prototype.addEventListener;
  MediaSource.prototype.addEventListener = function (name, listener, ...rest) {
    if (name !== 'sourceopen') return add.call(this, name, listener, ...rest);
    return add.call(this, name, (event) => {
      const wait = setInterval(() => {
        window.askedFirst = performance.getEntriesByType('resource').some((entry) => /\.m4s/.test(entry.name));
        if (!window.askedFirst && performance.now() < 5000) return;
        clearInterval(wait);
        listener.call(this, event);
      }, 20);
    }, ...rest);
  };
}

test('media is asked for while the element is made ready', { timeout: 60_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const viewer = await (await launch(t)).open(`${shoal.base}/watch/demo`, { before: (page) => page.addInitScript(slowElement) });
  await viewer.moving();
  assert.ok(await viewer.page.evaluate(() => window.askedFirst), 'nothing was asked for before the element was ready');
});

test('an edge that is away for a moment is nobody\'s end, though the browser says that it is offline', { timeout: 90_000, skip: long }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const offline = (page) => page.addInitScript(() => Object.defineProperty(navigator, 'onLine', { get: () => false }));
  const viewer = await (await launch(t)).open(`${shoal.base}/watch/demo?p2p=off`, { before: offline });
  await viewer.moving();
  await pass(4);
  viewer.expect(/ERR_CONNECTION_REFUSED/);
  await viewer.page.route('**/live/**', (route) => route.abort('connectionrefused'));
  await pass(1);
  await viewer.page.unroute('**/live/**');
  const before = await viewer.playback();
  const began = Date.now();
  await until('it to play on', async () => (await viewer.playback()).time > before.time + 8, { seconds: 12 });
  const { stalledSeconds, latencySeconds } = await viewer.stats();
  t.diagnostic(`8 s played in ${((Date.now() - began) / 1000).toFixed(1)} s after; ${stalledSeconds.toFixed(1)} s stood still, ${latencySeconds.toFixed(1)} s behind live`);
});
