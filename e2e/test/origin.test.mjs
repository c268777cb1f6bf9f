// The origin dies while it is watched: the page says that it tries to reach the stream again, as it does when the edge dies.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { edge, origin, port } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

test('the page does not call a picture live that stands because the origin is gone', { timeout: 60_000 }, async (t) => {
  const source = await origin(t, { stream: 'show' });
  const copies = await edge(t, { origin: source, tracker: `ws://127.0.0.1:${port()}/tracker` });
  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  await copies.live('show');
  const browser = await launch(t);
  const expected = [/ERR_CONNECTION_REFUSED.*swarm/, /status of 50[234]/, /ERR_CONTENT_LENGTH_MISMATCH|ERR_INCOMPLETE_CHUNKED/]; // there is no tracker
  const viewer = await browser.open(`${copies.base}/watch/show?p2p=off`, { expected });
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
});
