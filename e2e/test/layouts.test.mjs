// From the smallest phone to 4K: nothing is wider than the screen, what is pressed is large enough for what presses it, and words are large enough
// to be read from where such a screen is looked at.

import assert from 'node:assert/strict';
import test from 'node:test';

import { push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { makeCaptioned } from '../harness/captions.mjs';
import { long } from '../harness/long.mjs';
import { up } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

const touch = { isMobile: true, hasTouch: true };
const screens = {
  320: { viewport: { width: 320, height: 640 }, ...touch },
  390: { viewport: { width: 390, height: 844 }, ...touch },
  1280: { viewport: { width: 1280, height: 800 } },
  3840: { viewport: { width: 3840, height: 2160 } },
};
const TARGET = { mouse: 24, finger: 44 }; // pixels
const WORDS = { usual: 10.5, far: 20 }; // pixels of the smallest letters

// In the page: what is too wide, what is too small to be pressed, and the smallest letters. What stands within a sentence, or is written for
// those who do not see it, is none of that.
function measure(least) {
  const everything = (root) => [...root.querySelectorAll('*')].flatMap((element) => [element, ...(element.shadowRoot ? everything(element.shadowRoot) : [])]);
  const seen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && element.getBoundingClientRect().width > 1 && !element.matches('.sr');
  const name = (element) => `${element.tagName.toLowerCase()}${element.id && `#${element.id}`}.${element.className}`;
  const all = everything(document.body).filter(seen);
  const small = all.filter((element) => {
    if (!element.matches('a, button, input, select, summary') || element.matches('.volume input')) return false;
    const { width, height } = element.getBoundingClientRect();
    return Math.min(width, height) < least - 0.5;
  });
  const letters = all.filter((element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== ''))
    .filter((element) => { const { width } = element.getBoundingClientRect(); return width > 4; })
    .map((element) => ({ name: name(element), size: parseFloat(getComputedStyle(element).fontSize) * (element.currentCSSZoom ?? 1) }))
    .sort((a, b) => a.size - b.size);
  const player = document.querySelector('shoal-player')?.shadowRoot;
  const bar = player?.querySelector('.bar');
  return {
    wide: document.scrollingElement.scrollWidth,
    over: all.filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 && !element.closest('[hidden]')).map(name),
    spilt: all.filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0).map(name).slice(-3), // whose words do not fit into it
    small: small.map((element) => `${name(element)} ${Math.round(element.getBoundingClientRect().width)}x${Math.round(element.getBoundingClientRect().height)}`),
    smallest: letters[0] ?? null,
    bar: bar && !bar.hidden ? { over: bar.scrollWidth - bar.clientWidth, right: player.querySelector('.full').getBoundingClientRect().right - bar.getBoundingClientRect().right } : null,
  };
}

test('pages and player fit every screen', { timeout: 300_000, skip: long }, async (t) => {
  const [shoal, browser, clip] = await Promise.all([up(t, { stream: 'show', args: ['-ladder', '240p', '-p2p', 'on'] }), launch(t), makeCaptioned()]);
  push(t, `${shoal.rtmp}/${shoal.key}`, clip, { loop: true });
  await Promise.all([shoal.live('show', 30), shoal.live('demo')]);
  await until('both renditions', async () => (await (await fetch(`${shoal.base}/live/show/index.m3u8`)).text()).split('#EXT-X-STREAM-INF').length === 3, { seconds: 60 });
  const full = async (page) => { // with all that its bar may have
    const player = page.locator('shoal-player');
    for (const control of ['.captions', '.quality']) await player.locator(control).waitFor({ timeout: 30_000 });
    await page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.frame').classList.remove('quiet'));
  };
  const pages = { '/': (page) => page.waitForSelector('.card'), '/watch/show': full, '/embed/show': full, '/watch/nobody': (page) => page.locator('shoal-player').locator('.veil').waitFor(), '/studio/x': (page) => page.click('[data-source="pattern"]') };
  for (const [width, screen] of Object.entries(screens)) {
    if ((width === '390' || width === '1280') && !process.env.SHOTS) continue; // which others look at, between these two
    for (const colorScheme of process.env.SHOTS ? ['light', 'dark'] : ['light']) { // which moves nothing
      for (const [path, ready] of Object.entries(pages)) {
        const viewer = await browser.open(shoal.base + path, { ...screen, colorScheme, expected: [/status of 404/] });
        const { page } = viewer;
        await ready(page);
        const least = screen.hasTouch ? TARGET.finger : TARGET.mouse;
        const found = await until('the page to stand still', async () => {
          const one = await page.evaluate(measure, least);
          return JSON.stringify(one) === JSON.stringify(await page.evaluate(measure, least)) && one;
        }, { every: 150 });
        const where = `${path} at ${width}, ${colorScheme}`;
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/layout${path.replaceAll('/', '-')}-${width}-${colorScheme}.png` });
        assert.ok(found.wide <= screen.viewport.width, `${where}: ${found.wide} wide: ${found.over.slice(0, 5)} ${found.spilt}`);
        assert.deepEqual(found.small, [], `${where}: too small to be pressed`);
        assert.ok(found.smallest === null || found.smallest.size >= (screen.viewport.width > 3000 ? WORDS.far : WORDS.usual), `${where}: ${JSON.stringify(found.smallest)}`);
        if (found.bar) assert.ok(found.bar.over <= 0 && found.bar.right <= 0.5, `${where}: the bar is too narrow: ${JSON.stringify(found.bar)}`);
        if (colorScheme === 'light') t.diagnostic(`${where}: the smallest letters have ${found.smallest?.size} pixels (${found.smallest?.name})`);
        await viewer.close();
      }
    }
  }
});

test('the smallest phone shows all numbers of the panel, or lets it scroll, and a small window the studio’s buttons, in each language', { timeout: 90_000, skip: long }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t), launch(t)]);
  await shoal.live('demo');
  for (const locale of ['en-GB', 'pt-BR', 'zh-CN']) {
    const watch = await browser.open(`${shoal.base}/watch/demo`, { viewport: { width: 320, height: 640 }, locale });
    await watch.moving();
    await watch.page.locator('shoal-player').press('s');
    const panel = watch.page.locator('shoal-player').locator('.panel dl dd').last();
    await panel.waitFor();
    const seen = () => watch.page.evaluate(() => {
      const panel = document.querySelector('shoal-player').shadowRoot.querySelector('.panel');
      panel.scrollTop = panel.scrollHeight; // as far as it goes
      const shown = panel.getBoundingClientRect().bottom;
      const all = panel.querySelector('dl').getBoundingClientRect().bottom; // the terms of sharing stand below them
      const { width, height } = panel.querySelector('.flow').getBoundingClientRect();
      return { drawn: [width, height], shown, all, wide: document.scrollingElement.scrollWidth };
    });
    const { drawn, shown, all, wide } = await seen();
    assert.ok(wide <= 320, `${locale}: ${wide} wide`);
    assert.ok(all <= shown, `${locale}: the numbers end at ${all} when all was scrolled, and the panel at ${shown}`);
    assert.ok(drawn[0] >= 60 && drawn[1] >= 24, `${locale}: the drawing has ${drawn}`);
    await watch.close();

    const studio = await browser.open(`${shoal.base}/studio/x`, { viewport: { width: 1000, height: 700 }, locale });
    await studio.page.click('[data-source="pattern"]');
    await studio.page.locator('#loudness:not([hidden])').waitFor();
    const { rows, below } = await studio.page.evaluate(() => ({
      rows: new Set([...document.querySelectorAll('.sources button')].map(({ offsetTop }) => offsetTop)).size,
      below: document.querySelector('#look').getBoundingClientRect().bottom - innerHeight,
    }));
    assert.ok(rows <= 2 && below <= 0, `${locale}: sources in ${rows} rows, and what the server receives ${below} pixels below the window`);
    await studio.close();
  }
});

test('nothing is squeezed, cut off or laid over something else', { timeout: 90_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([up(t), launch(t)]);
  await shoal.live('demo');
  const open = async (path, width, options = {}) => {
    const { height = 900, before } = options;
    const { page } = await browser.open(shoal.base + path, { viewport: { width, height }, before, expected: [/ERR_FAILED/] });
    return page;
  };
  const box = (page, selector) => page.locator(selector).first().boundingBox();

  const front = await open('/', 1280, { before: (page) => page.route('**/thumb.jpg*', (route) => route.abort()) });
  await front.waitForSelector('.card');
  assert.ok((await box(front, '.card')).width > 1100, 'a stream that is alone leaves most of the row empty');
  const apart = await front.evaluate(() => {
    const letter = new Range();
    letter.selectNodeContents(document.querySelector('.initial'));
    const { left, right, top, bottom } = letter.getBoundingClientRect();
    const art = document.querySelector('.art').getBoundingClientRect();
    return left > art.left && right < art.right && bottom < art.bottom && [...document.querySelectorAll('.art .badge')].every((badge) => {
      const b = badge.getBoundingClientRect();
      return b.left > right || b.right < left || b.top > bottom || b.bottom < top;
    });
  });
  assert.ok(apart, 'the letter in the place of a picture lies beneath a badge, or is cut off');
  await front.setViewportSize({ width: 768, height: 900 });
  assert.ok((await box(front, '#name')).width > 180, 'the name of a stream has no room');

  const watch = await open('/watch/demo', 320, { height: 640 });
  await watch.waitForSelector('#facts:not(:empty)');
  await watch.evaluate(() => { // as it is once a broadcast is over
    document.querySelector('h1').textContent = 'aquarium';
    Object.assign(document.querySelector('#other'), { hidden: false, textContent: 'Watch the recording' });
  });
  assert.ok((await box(watch, 'h1')).height < 40, 'the name of the stream is broken');

  const desk = await open('/ops', 768);
  await desk.waitForSelector('#rows a');
  const cut = () => desk.evaluate(() => [...document.querySelectorAll('.sheet')].filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ id, className }) => `${className} ${id}`));
  assert.deepEqual(await cut(), [], 'what has to be scrolled sideways on a tablet');
});
