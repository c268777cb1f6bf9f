// The end of a broadcast: the page says of it what the picture says, though it asks less often.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

test('an end that the picture tells is told beside it too', { timeout: 90_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show' }), launch(t)]);
  const broadcaster = push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
  await shoal.live('show');
  const viewer = await browser.open(`${shoal.base}/watch/show`, { expected: [/status of 503/] }); // what was waited for does not come
  await viewer.moving(20);
  let old = 0; // answers, as from before the end
  await viewer.page.route('**/api/v1/streams', async (route) => {
    const answer = await route.fetch();
    const list = await answer.json();
    for (const stream of list.streams ?? list) if (stream.state === 'ended' && ++old) Object.assign(stream, { state: 'interrupted', since: new Date().toISOString() });
    await route.fulfill({ response: answer, json: list });
  });
  await broadcaster.end('SIGTERM');
  const look = () => viewer.page.evaluate(() => ({
    state: document.querySelector('shoal-player').state, badge: document.querySelector('#state').textContent, facts: document.querySelector('#facts').textContent,
  }));
  await until('the end', async () => (await look()).state === 'ended', { seconds: 20, every: 50 });
  await until('an old answer', () => old > 0, { seconds: 5 });
  await pass(1.5);
  for (let i = 0; i < 5; i++, await pass(0.5)) {
    const { state, badge, facts } = await look();
    assert.deepEqual([state, badge, /away/.test(facts)], ['ended', 'Ended', false], facts);
  }
});
