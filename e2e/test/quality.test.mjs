// The menu of qualities, by hand and back, in a swarm; and the player in the language of its page.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch, noStalls } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// In the page: what the menu offers, and what is seen.
function look() {
  const player = document.querySelector('shoal-player');
  const get = (selector) => player.shadowRoot.querySelector(selector);
  const menu = get('.quality');
  return {
    menu: menu.hidden ? null : [...menu.options].map((option) => option.text), chosen: menu.selectedOptions[0]?.text,
    height: player.video.videoHeight, time: player.video.currentTime, fromPeers: player.stats.bytesFromPeers, opened: player.stats.linksOpened, lost: player.stats.linksLost,
    fits: get('.bar').scrollWidth <= get('.bar').clientWidth && get('.full').getBoundingClientRect().right <= innerWidth,
    labels: [...player.shadowRoot.querySelectorAll('.bar button:not([hidden])')].map((button) => button.getAttribute('aria-label')),
  };
}

const STEADY = Number(process.env.STEADY ?? 20); // seconds of a steady link; STEADY=60 e2e/run quality takes a minute

test('viewers choose the quality by hand, their peers bring that too, and left to the player it does not flap', { timeout: 240_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t, { demo: false, stream: 'show', args: ['-ladder', '180p'] }), launch(t)]);
  push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
  await until('both renditions', async () => (await (await fetch(`${shoal.base}/live/show/index.m3u8`)).text()).split('#EXT-X-STREAM-INF').length === 3, { seconds: 20 });
  const viewers = [];
  for (const screen of [{ viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true }, { viewport: { width: 1280, height: 800 } }, {}, {}]) {
    const viewer = await browser.open(`${shoal.base}/watch/show`, screen);
    viewers.push(viewer);
    await viewer.moving(30);
  }
  const seen = (viewer) => viewer.page.evaluate(look);
  const all = () => Promise.all(viewers.map(seen));
  await until('links between all', async () => (await Promise.all(viewers.map((viewer) => viewer.stats()))).every(({ peers }) => peers === 3), { seconds: 30 });
  const chooses = (chosen, i) => (i === 0 ? /^Auto$/ : /^Auto \(\d+p\)$/).test(chosen); // a small phone has no room for which
  for (const [i, viewer] of viewers.entries()) {
    let now;
    const { menu, chosen, fits } = await until('the menu', async () => {
      now = await seen(viewer);
      return now.menu?.length === 3 && chooses(now.chosen, i) && now;
    }, { seconds: 20 }).catch((error) => assert.fail(`${error.message}, and not ${JSON.stringify(now)}`));
    assert.deepEqual([menu[1], menu[2], fits], ['360p', '180p', true], chosen);
  }
  const before = await all();
  for (const height of [180, 360]) {
    const chosen = Date.now();
    for (const { page } of viewers) await page.locator('shoal-player .quality').selectOption({ label: `${height}p` });
    await until(`${height} lines`, async () => (await all()).every((now) => now.height === height), { seconds: 15, every: 50 });
    const [shown, from] = [Date.now(), await all()];
    await until('bytes of peers', async () => (await all()).every((now, i) => now.fromPeers > from[i].fromPeers + 10_000), { seconds: 15, every: 50 });
    const resumed = Date.now() - shown;
    t.diagnostic(`${height}p is seen by all four ${shown - chosen} ms after the first chose it, and comes from peers to all ${resumed} ms after that`);
    assert.ok(resumed <= 5000, `peers gave nothing for ${resumed} ms`);
  }
  for (const [i, { page }] of viewers.slice(0, 2).entries()) { // the drawing shows both
    await page.locator('shoal-player').press('s');
    const drawn = await page.evaluate(() => ['.edge', '.peers'].map((kind) => document.querySelector('shoal-player').shadowRoot.querySelector(`.flow ${kind}`).getBBox().height));
    assert.ok(drawn.every((height) => i === 0 || height > 1), `the areas are ${drawn} high`); // a phone held upright has no room for it
    await page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.frame').dispatchEvent(new Event('pointermove')));
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/quality-${i}.png` });
    await page.locator('shoal-player').press('s');
  }

  for (const { page } of viewers) await page.locator('shoal-player .quality').selectOption('-1');
  await until('the players to choose', async () => (await all()).every(({ chosen }, i) => chooses(chosen, i)));
  const changes = viewers.map(() => []); // [milliseconds, lines]
  let last = await all();
  for (const began = Date.now(); Date.now() - began < STEADY * 1000; ) {
    await pass(0.25);
    const now = await all();
    now.forEach((one, i) => one.height !== last[i].height && changes[i].push([Date.now() - began, one.height]));
    last = now;
  }
  t.diagnostic(`left to the player for ${STEADY} s: changes ${JSON.stringify(changes)}`);
  assert.ok(changes.every((own) => own.length <= 2), 'the quality flaps');
  assert.deepEqual(last.map(({ lost }) => lost), before.map(({ lost }) => lost), 'a link was lost');
  await noStalls(t, viewers, 'while the quality was chosen, and left to the player');

  const { page } = viewers[1];
  for (const [lang, play] of [['pt-BR', 'Pausar (K)'], ['zh', '暂停 (K)'], ['fr', 'Pause (K)']]) {
    await page.evaluate((lang) => (document.querySelector('shoal-player').lang = lang), lang);
    assert.ok((await seen(viewers[1])).labels.includes(play), `${lang}: ${(await seen(viewers[1])).labels}`);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/lang-${lang}.png` });
  }
});
