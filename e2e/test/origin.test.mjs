// The origin dies while it is watched: the page says that it tries to reach the stream again, as it does when the edge dies; and nowhere is a picture called live
// that stands, nor to who comes when it is gone.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { edge, origin, port } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const LONGEST = 1500; // milliseconds, on a busy machine, that a picture may stand and be called live
const OPENING = 6000; // and before the first

// In the page: for how long at a time a picture was called live that stood, beside it or on it, and what was said over it meanwhile.
function listen() {
  window.stood = { longest: 0, opening: 0, words: [] };
  let [time, since, calm] = [0, 0, 0];
  setInterval(() => {
    const player = document.querySelector('shoal-player');
    const root = player?.shadowRoot;
    if (!root) return;
    const now = performance.now();
    const { video } = player;
    since ||= now;
    const live = document.querySelector('#state').classList.contains('live') || root.querySelector('.live').classList.contains('on');
    if (video.currentTime !== time || !live || video.readyState >= 3) [time, calm] = [video.currentTime, now];
    if (player.stats.startupMillis > 0) window.stood.longest = Math.max(window.stood.longest, now - calm);
    else window.stood.opening = live ? now - since : window.stood.opening;
    const word = root.querySelector('.word');
    const said = word.hidden ? '' : word.querySelector('b').textContent;
    if (said !== window.stood.words.at(-1)) window.stood.words.push(said);
  }, 50);
}

test('the page does not call a picture live that stands because the origin is gone', { timeout: 60_000 }, async (t) => {
  const source = await origin(t, { stream: 'show' });
  const copies = await edge(t, { origin: source, tracker: `ws://127.0.0.1:${port()}/tracker` });
  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  await copies.live('show');
  const browser = await launch(t);
  const expected = [/ERR_CONNECTION_REFUSED.*swarm/, /status of 50[234]/, /ERR_CONTENT_LENGTH_MISMATCH|ERR_INCOMPLETE_CHUNKED/]; // there is no tracker
  const before = (page) => page.addInitScript(listen);
  const viewer = await browser.open(`${copies.base}/watch/show?p2p=off`, { expected, before });
  await viewer.moving();
  const told = () => viewer.page.evaluate(() => {
    const word = window.shoalTest.player().shadowRoot.querySelector('.word');
    return [document.querySelector('#state').textContent, word.hidden ? '' : word.querySelector('b').innerText.trim()];
  });
  await until('the page to say Live', async () => (await told())[0] === 'Live');
  const { p2p } = await viewer.stats();
  assert.equal(p2p, 'off', 'a viewer who does not want the swarm is in it');

  await source.kill();
  const killed = Date.now();
  await until('the page to say that the stream is not reached', async () => {
    const [state, word] = await told();
    return state === 'Reconnecting' && ['Reconnecting', 'The server cannot get the video'].includes(word); // the edge is there, and answers that it cannot
  }, { seconds: 12 });
  t.diagnostic(`told ${Date.now() - killed} ms after the origin was killed`);

  const late = await browser.open(`${copies.base}/watch/show?p2p=off`, { expected, before });
  await pass(12); // as long as the edge gives what it had, and longer
  for (const [who, { page }] of [['who watched', viewer], ['who came then', late]]) {
    const { longest, opening, words } = await page.evaluate(() => window.stood);
    t.diagnostic(`${who}: a picture that stood was called live for ${Math.round(longest)} ms, none for ${Math.round(opening)} ms; said was ${words.filter((word) => word !== '').join(', ')}`);
    assert.ok(longest < LONGEST, `to ${who} a picture was called live that stood for ${longest} ms`);
    assert.ok(opening < OPENING, `to ${who} it was live for ${opening} ms without a picture`);
  }
  assert.ok((await viewer.page.evaluate(() => window.stood.words)).includes('Buffering'), 'nothing was said at first');
});
