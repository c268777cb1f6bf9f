// Viewers who come while nothing answers: they are told so, and play once something does.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { edge, origin } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

// In the page: the words over the picture, of which a phone's screen has room for both.
function said() {
  const root = document.querySelector('shoal-player').shadowRoot;
  const seen = ['.word b', '.word small'].map((selector) => root.querySelector(selector));
  return root.querySelector('.word').hidden ? '' : seen.filter((element) => !element.hidden).map((element) => element.textContent).join(': ');
}

const FAULTY = 'The server cannot get the video: It answers, but the video does not reach it. Stay here: the picture comes back by itself.';
const SLOW = 'Connecting: The connection to the server is slow, or lost.';

test('who comes while nothing answers is told so, and plays once something does', { timeout: 180_000 }, async (t) => {
  const [first, browser] = await Promise.all([origin(t, { stream: 'show' }), launch(t)]);
  const { data, ports } = first;
  let near = await edge(t, { origin: first, tracker: 'ws://127.0.0.1:1/tracker' });
  const viewer = await browser.open(`${near.base}/embed/show`, { expected: [/status of (404|50\d)/, /ERR_/, /WebSocket/] });
  const tells = async (what, text, seconds) => {
    const began = Date.now();
    let now;
    await until(what, async () => (now = await viewer.page.evaluate(said)) === text, { seconds }).catch((error) => assert.fail(`${error.message}: "${now}", not "${text}"`));
    t.diagnostic(`${what}: "${text}" after ${Date.now() - began} ms`);
  };
  const plays = async (what) => {
    const began = Date.now();
    await until(what, () => viewer.page.evaluate(() => document.querySelector('shoal-player').video.currentTime > 0.5), { seconds: 40 });
    t.diagnostic(`${what}: it plays after ${Date.now() - began} ms`);
    await tells('nothing is said', '', 5);
  };
  await tells('before the broadcast', 'Nothing is on under this name yet: Stay here: when it begins, it plays by itself.', 10);

  await first.kill();
  await viewer.page.goto(`${near.base}/embed/show`);
  await tells('an edge whose origin is down', FAULTY, 15);
  const again = await origin(t, { stream: 'show', data, ports });
  push(t, `${again.rtmp}/${again.key}`, demoClip, { loop: true });
  await plays('the origin is back');

  await near.stop();
  near.killed = true;
  await viewer.page.evaluate(() => document.querySelector('shoal-player').setAttribute('src', '/live/show/index.m3u8?again'));
  await tells('no edge', SLOW, 15);
  near = await edge(t, { origin: again, tracker: 'ws://127.0.0.1:1/tracker', ports: near.ports });
  await plays('the edge is back');
});
