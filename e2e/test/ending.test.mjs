// The end of a broadcast: the page says of it what the picture says, though it asks less often; and who comes later is told at once.

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
  await pass(4);
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

  // who comes now is told at once, sees nothing of it, and is asked nothing
  const late = await browser.open(`${shoal.base}/watch/show?p2p=ask`, {
    expected: [/status of 503/],
    before: (page) => page.addInitScript(() => {
      window.seen = [];
      setInterval(() => {
        const player = document.querySelector('shoal-player');
        if (!player?.shadowRoot) return;
        const now = `${player.state}${player.video.currentTime > 0 ? ', moving' : ''}${player.shadowRoot.querySelector('.ask').hidden ? '' : ', asked'}`;
        if (window.seen.at(-1) !== now) window.seen.push(now);
      }, 10);
    }),
  });
  const seen = () => late.page.evaluate(() => window.seen);
  await until('the late viewer to be told', async () => (await seen()).at(-1) === 'ended', { seconds: 5, every: 20 });
  await pass(6);
  assert.deepEqual(await seen(), ['connecting', 'ended']);
  assert.equal(await late.page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.word b').textContent), 'The stream has ended');

  // what is left can be seen all the same
  await late.page.keyboard.press('k');
  await until('what is left', async () => (await seen()).includes('playing, moving'), { seconds: 5, every: 20 });
  await until('its end', async () => (await seen()).at(-1) === 'ended, moving', { seconds: 30 });
  assert.equal((await seen()).some((now) => now.includes('asked')), false, 'whether to share what nobody gives any more');
  await late.close();

  // and with the broadcaster the picture is there by itself
  const back = await browser.open(`${shoal.base}/watch/show`, { expected: [/status of 503/] });
  await until('the end', async () => (await back.page.evaluate(() => document.querySelector('shoal-player')?.state)) === 'ended', { seconds: 5 });
  push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
  await back.moving(20);
});
