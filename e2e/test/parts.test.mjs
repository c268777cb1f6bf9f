// Who watches a smaller quality by choice, and goes back in a window of hours, asks for what is there: parts of older segments are gone, and
// the whole segments stand.

import assert from 'node:assert/strict';
import test from 'node:test';

import { pushPictures } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

function look() {
  const player = document.querySelector('shoal-player');
  const { currentTime: time, videoHeight: height } = player.video;
  return { time, height, behind: player.stats.latencySeconds, buffered: player.stats.bufferSeconds, seek: !player.shadowRoot.querySelector('.seek').hidden };
}

test('who goes back in a smaller quality asks for no part that is gone', { timeout: 300_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([
    up(t, { demo: false, stream: 'show', args: ['-ladder', '180p', '-dvr', '10m', '-disk-reserve', '16M'] }), launch(t),
  ]);
  pushPictures(t, `${shoal.rtmp}/${shoal.key}`, { size: '640x360', bitrate: '400k' });
  await until('both renditions', async () => (await (await fetch(`${shoal.base}/live/show/index.m3u8`)).text()).split('#EXT-X-STREAM-INF').length === 3, { seconds: 30 });
  const viewer = await browser.open(`${shoal.base}/watch/show`); // a 404 is an error on its console
  const { page } = viewer;
  const asked = [];
  page.on('response', (response) => asked.push([response.status(), new URL(response.url()).pathname]));
  await viewer.moving(30);
  await pass(30);
  const seen = () => page.evaluate(look);
  await page.locator('shoal-player .quality').selectOption({ label: '180p' });
  await until('180 lines', async () => (await seen()).height === 180, { seconds: 15 });
  await pass(25);
  await until('the seek bar', async () => (await seen()).seek, { seconds: 120 });

  asked.length = 0;
  await page.locator('.seek').evaluate((bar) => {
    bar.value = String(bar.valueAsNumber - 40);
    for (const name of ['input', 'change']) bar.dispatchEvent(new Event(name));
  });
  const { time } = await seen();
  await until('the picture to move there', async () => (await seen()).time > time + 1, { seconds: 15 });
  await until('the buffer to be full', async () => (await seen()).buffered > 15, { seconds: 15 });
  await page.locator('shoal-player').press('ArrowLeft');
  await pass(3);
  t.diagnostic(JSON.stringify(await seen()));
  assert.deepEqual(asked.filter(([status]) => status === 404), []);
  const segments = asked.filter(([, path]) => /\/s\d+\.m4s$/.test(path));
  assert.ok(segments.length >= 5, `it loaded ${segments.length} segments`);
});
