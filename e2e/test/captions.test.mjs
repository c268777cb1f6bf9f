// Captions: of a broadcast that carries them in its pictures, and of a page that brings them along. Who has none sees no button, and loads nothing.

import assert from 'node:assert/strict';
import test from 'node:test';

import { push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { captionAt, makeCaptioned, PERIOD } from '../harness/captions.mjs';
import { long } from '../harness/long.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const player = (page) => page.locator('shoal-player');
const button = (page) => player(page).locator('.captions');

// In the page: what is shown, with the number of the picture at that moment.
function look() {
  const { video } = window.shoalTest.player();
  const track = [...video.textTracks].find(({ mode }) => mode === 'showing');
  return { number: window.shoalTest.counter()?.number ?? null, label: track?.label ?? null, text: [...(track?.activeCues ?? [])].map((cue) => cue.getCueAsHTML().textContent).join('|') };
}

const reader = (page) => page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => /shoal-cea608/.test(name)).length);

test('captions of a broadcast are shown with their pictures, to whom asks for them', { timeout: 120_000 }, async (t) => {
  const [shoal, browser, clip] = await Promise.all([up(t, { stream: 'show' }), launch(t), makeCaptioned({ bframes: 2 })]);
  push(t, `${shoal.rtmp}/${shoal.key}`, clip, { loop: true });
  await Promise.all([shoal.live('show'), shoal.live('demo')]);
  const viewer = await browser.open(`${shoal.base}/watch/show`);
  const { page } = viewer;
  await viewer.moving(40);
  await button(page).waitFor({ timeout: 15_000 });
  assert.equal((await page.evaluate(look)).label, null, 'they are shown before anybody asked');
  await player(page).press('c');
  assert.equal(await button(page).getAttribute('aria-pressed'), 'true');
  let [seen, right] = [0, 0];
  const wrong = [];
  const texts = new Set();
  await until('captions', async () => (await page.evaluate(look)).text !== '', { seconds: 10 });
  for (const end = Date.now() + 8000; Date.now() < end; await pass(0.1)) {
    const { number, text } = await page.evaluate(look);
    if (number === null || number % PERIOD < 4 || number % PERIOD > PERIOD - 4) continue; // the element says a little later than it shows
    seen++;
    texts.add(text);
    if (text === captionAt(number)) right++;
    else wrong.push(`${number}: ${text}`);
  }
  t.diagnostic(`${right} of ${seen} looks found the caption of the picture; ${texts.size} captions: ${[...texts].join(', ')}`);
  assert.ok(seen > 20 && texts.size >= 3 && right >= 0.95 * seen, wrong.join('; '));
  if (process.env.SHOTS) {
    await page.hover('shoal-player');
    await page.screenshot({ path: `${process.env.SHOTS}/captions.png` });
  }

  const again = await viewer.context.newPage(); // the wish is remembered
  await again.goto(`${shoal.base}/watch/show`);
  await until('captions for whom wanted them before', () => again.evaluate(() => [...document.querySelector('shoal-player').video.textTracks].some(({ mode, activeCues }) => mode === 'showing' && activeCues.length > 0)), { seconds: 15 });
  await again.close();
  await page.hover('shoal-player'); // shows the bar
  await button(page).click();
  assert.equal(await button(page).getAttribute('aria-pressed'), 'false');
  assert.equal((await page.evaluate(look)).label, null);
  assert.equal(await reader(page), 1);

  const none = await browser.open(`${shoal.base}/watch/demo`);
  await none.moving(40);
  await pass(3);
  assert.equal(await button(none.page).isVisible(), false, 'a button for captions that are not there');
  assert.equal(await reader(none.page), 0, 'the reader of captions is loaded where there are none');
});

test('captions that a page brings along are shown, and taken back with their element', { timeout: 60_000, skip: long }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t), launch(t)]);
  await shoal.live('demo');
  const texts = { en: 'Of the page', pt: 'Da página' };
  const { page } = await browser.open(`${shoal.base}/page`, {
    before: async (page) => {
      await page.route('**/*.vtt', (route) => route.fulfill({ contentType: 'text/vtt', body: `WEBVTT\n\n00:00.000 --> 99:00:00.000\n${texts[/(..)\.vtt/.exec(route.request().url())[1]]}\n` }));
      await page.route('**/page', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">' +
        '<script type="module" src="/assets/shoal-player.js"></script><shoal-player src="/live/demo/index.m3u8" p2p="off" autoplay muted style="width:600px">' +
        '<track kind="captions" srclang="en" label="English" src="/en.vtt" default><track kind="subtitles" srclang="pt" label="Português" src="/pt.vtt"></shoal-player>' }));
    },
  });
  let now;
  const shown = async (label, text) => until(`${label}: ${text}`, async () => {
    now = await page.evaluate(look);
    return now.label === label && now.text === text;
  }).catch((error) => assert.fail(`${error.message}, and not ${JSON.stringify(now)}`));
  await shown('English', texts.en);
  assert.match(await button(page).getAttribute('title'), /English/);
  await button(page).click();
  await shown('Português', texts.pt);
  await button(page).click();
  await shown(null, '');
  await button(page).click();
  await page.evaluate(() => document.querySelector('track[srclang="en"]').remove());
  await until('the other alone', () => page.evaluate(() => document.querySelector('shoal-player').video.textTracks.length === 1));
  await page.evaluate(() => document.querySelector('track').remove());
  await until('the button to go', async () => !(await button(page).isVisible()));
});
