// Who looks for a moment on the seek bar sees a picture of it, at the cost of a few requests for the beginning of a segment; and none where the
// viewer saves data.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { Process } from '../harness/process.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const COLOURS = ['red', 'green', 'blue'];
const EACH = 24; // seconds

// Pictures that are red for a while, then green, then blue, faster than life; or for ever some that move. With sound.
function colours(t, url, past) {
  const length = past ? `:d=${EACH}` : '';
  const pictures = (past ? COLOURS : ['']).map((colour) => (colour ? `color=${colour === 'green' ? 'lime' : colour}:` : 'testsrc='));
  const broadcaster = new Process('ffmpeg', 'ffmpeg', [
    '-nostdin', '-hide_banner', '-v', 'warning', '-readrate', past ? '20' : '1',
    '-f', 'lavfi', '-i', `${pictures.map((source, i) => `${source}s=640x360:r=30${length}[c${i}]`).join(';')};${pictures.map((_, i) => `[c${i}]`).join('')}concat=n=${pictures.length},format=yuv420p`,
    '-f', 'lavfi', '-i', `sine=f=440:r=48000${past ? `:d=${EACH * COLOURS.length}` : ''}`,
    '-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '200k', '-g', '60', '-sc_threshold', '0', '-c:a', 'aac', '-f', 'flv', url,
  ]);
  atEnd(t, () => broadcaster.end('SIGKILL'));
  return broadcaster;
}

// In the page: the box above the bar, and the colour that its picture has most of.
function look() {
  const box = document.querySelector('shoal-player').shadowRoot.querySelector('.peek');
  const canvas = box.querySelector('canvas');
  let colour = null;
  if (!box.hidden && !canvas.hidden) {
    const [r, g, b] = canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data;
    colour = r > g && r > b ? 'red' : g > b ? 'green' : 'blue';
  }
  return { shown: !box.hidden, colour, told: box.querySelector('span').textContent, size: [canvas.width, canvas.height] };
}

// In the page, before its own scripts: notes what is asked for by a range, and how much of that at a time. The swarm's own fetches of ranges are of parts.
function note() {
  const asked = (window.asked = { ranges: [], most: 0 });
  const fetch = window.fetch.bind(window);
  let open = 0;
  window.fetch = async (url, init) => {
    const range = new Headers(init?.headers).get('Range');
    if (!range || init.priority !== 'low') return fetch(url, init);
    asked.ranges.push(`${new URL(url, location).pathname} ${range}`);
    asked.most = Math.max(asked.most, ++open);
    try {
      const response = await fetch(url, init);
      const bytes = await response.arrayBuffer();
      return new Response(bytes, { status: response.status });
    } finally {
      open--;
    }
  };
}

test('the seek bar shows a picture of the moment under the pointer', { timeout: 150_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([
    up(t, { demo: false, stream: 'show', args: ['-dvr', '10m', '-disk-reserve', '16M'] }), launch(t),
  ]);
  const url = `${shoal.rtmp}/${shoal.key}`;
  await colours(t, url, true).ended;
  colours(t, url, false);
  await shoal.live('show');
  const kinds = {
    desktop: { viewport: { width: 1280, height: 800 } },
    phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
    saving: { viewport: { width: 1280, height: 800 }, before: (page) => page.addInitScript(() => Object.defineProperty(Object.getPrototypeOf(navigator), 'connection', { get: () => ({ saveData: true }) })) },
    old: { viewport: { width: 1280, height: 800 }, before: (page) => page.addInitScript(() => delete window.VideoDecoder) },
  };
  for (const [kind, options] of Object.entries(kinds)) {
    const viewer = await browser.open(`${shoal.base}/watch/show`, { ...options, before: async (page) => {
      await page.addInitScript(note);
      await options.before?.(page);
    } });
    const { page } = viewer;
    await viewer.moving(40);
    const bar = page.locator('shoal-player').locator('.seek');
    await bar.waitFor();
    await until('the picture to play on', () => page.evaluate(() => document.querySelector('shoal-player').video.readyState >= 3));
    const asked = () => page.evaluate(() => window.asked);
    const box = await bar.boundingBox();
    const length = await bar.evaluate((bar) => Number(bar.max) - Number(bar.min));
    const at = (share) => [box.x + 7 + share * (box.width - 14), box.y + box.height / 2];
    const seen = [];
    let [peeked, state] = [null, null];
    const touch = kind === 'phone' && (await page.context().newCDPSession(page));
    if (touch) await page.tap('shoal-player', { position: { x: 100, y: 60 } }); // shows the bar
    for (const [i, colour] of COLOURS.entries()) {
      const [x, y] = at(((i + 0.5) * EACH) / length);
      if (touch) await touch.send('Input.dispatchTouchEvent', { type: seen.length === 0 ? 'touchStart' : 'touchMove', touchPoints: [{ x, y }] });
      else await page.mouse.move(x, y, { steps: 4 }); // the first shows the bar
      if (kind === 'saving' || kind === 'old') {
        await pass(0.6);
        peeked = await page.evaluate(look);
        assert.ok(peeked.shown && peeked.told !== '' && peeked.colour === null, JSON.stringify(peeked));
        seen.push(null);
        continue;
      }
      peeked = await until(`a ${colour} picture on a ${kind}`, async () => {
        [peeked, state] = [await page.evaluate(look), await page.evaluate(() => { const { state, video } = document.querySelector('shoal-player'); return { ...window.asked, state, ready: video.readyState }; })];
        return peeked.colour === colour && peeked;
      }, { seconds: 10, every: 50 }).catch((error) => assert.fail(`${error.message}, and not ${JSON.stringify([peeked, state])}`));
      seen.push(peeked.colour);
      if (process.env.SHOTS && i === 2) await page.screenshot({ path: `${process.env.SHOTS}/peek-${kind}.png` });
    }
    const { ranges, most } = await asked();
    t.diagnostic(`${kind}: ${seen.join(' ')}; ${JSON.stringify(peeked)}; ${ranges.length} requests, at most ${most} at a time: ${ranges.slice(0, 3).join(', ')}`);
    if (kind === 'saving' || kind === 'old') assert.deepEqual(ranges, [], 'something was loaded');
    else assert.ok(ranges.length >= 3 && ranges.length <= 8 && most === 1 && ranges.every((range) => /\.(m4s|mp4) bytes=\d+-\d+$/.test(range)), `${most} at a time: ${ranges}`);
    if (touch) await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    else {
      await page.mouse.move(10, 10);
      const fast = ranges.length;
      for (let share = 0.15; share < 0.95; share += 0.02) await page.mouse.move(...at(share));
      await page.mouse.move(10, 10);
      await pass(0.5);
      const passing = (await asked()).ranges.length - fast;
      assert.ok(passing <= 4, `a pointer that passes over the bar made ${passing} requests`); // of some forty segments
    }
    await until('the box to go', async () => !(await page.evaluate(look)).shown);
    await viewer.close();
  }
});
