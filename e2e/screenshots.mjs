// Makes the pictures of the documentation, docs/watch.png, docs/seek.png, docs/phone.png, docs/door.png, docs/studio.png, docs/live.png and docs/ops.png, from a running
// system:
//
//   ./run --with node screenshots.mjs [ops]
//
// With ops docs/ops.png alone. Others watch too, so that the pages have a swarm to show; and it takes more than a minute, so that there is something to seek in.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { launch } from './harness/browser.mjs';
import { push } from './harness/broadcaster.mjs';
import { makeCaptioned } from './harness/captions.mjs';
import { Process } from './harness/process.mjs';
import { addKey, program, up } from './harness/shoal.mjs';
import { pass, until } from './harness/until.mjs';

const docs = fileURLToPath(new URL('../docs/', import.meta.url));
mkdirSync(docs, { recursive: true });

// What a test would end by itself ends here when all is done.
const ends = [];
const t = { after: (end) => ends.unshift(end) };
const screen = { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' };

// operators is the page of who operates it, a while after nine viewers came, in cells so small that one feeds others.
async function operators() {
  const shoal = await up(t, { args: ['-cell-size', '4', '-roots', '1'] });
  await shoal.live('demo');
  const watching = new Process('watch', program, ['watch', '-n', '9', '-seconds', '900', `${shoal.base}/watch/demo`]);
  t.after(() => watching.end('SIGTERM', 10));
  await pass(100); // so that the charts have something to show
  const browser = await launch(t);
  const { page } = await browser.open(`http://127.0.0.1:${shoal.ports.admin}/ops`, { ...screen, viewport: { width: 1280, height: 1500 } });
  await page.fill('#price', '0.02');
  await page.locator('#price').blur();
  await until('the swarm in figures', () => page.evaluate(() => /^saves/.test(document.querySelector('#saved').textContent) && document.querySelectorAll('#cells .viewer:not(.silent)').length === 9), { seconds: 60 });
  await page.screenshot({ path: `${docs}ops.png`, fullPage: true });
}

// all are the pages of viewers and of who broadcasts.
async function all() {
  const shoal = await up(t, { stream: 'aquarium', args: ['-dvr', '10m'] });
  const key = await addKey(shoal.data, 'mystage');
  push(t, `${shoal.rtmp}/${shoal.key}`, await makeCaptioned(), { loop: true });
  await Promise.all([shoal.live('demo'), shoal.live('aquarium')]);
  const browser = await launch(t);
  const others = [await browser.open(`${shoal.base}/watch/demo`), await browser.open(`${shoal.base}/watch/demo`)];
  const watch = await browser.open(`${shoal.base}/watch/demo`, screen);
  await Promise.all([...others, watch].map((v) => v.moving()));
  await until('a swarm', async () => (await watch.stats()).peers === 2);
  await watch.page.locator('.seek').waitFor({ timeout: 90_000 });
  await until('most of the picture to come from the others', () => watch.page.evaluate(() => parseInt(document.querySelector('#offload').textContent, 10) > 60), { seconds: 90 });
  await watch.page.locator('shoal-player').press('s'); // the panel of numbers
  await watch.page.hover('shoal-player'); // shows the controls, gently
  await pass(1);
  await watch.page.screenshot({ path: `${docs}watch.png` });

  const seek = await browser.open(`${shoal.base}/watch/aquarium`, screen);
  const player = seek.page.locator('shoal-player');
  await player.locator('.captions').click();
  await player.locator('.seek').waitFor({ timeout: 90_000 });
  await player.hover(); // shows the controls
  const bar = await player.locator('.seek').boundingBox();
  await seek.page.mouse.move(bar.x + 0.6 * bar.width, bar.y + bar.height / 2);
  await player.locator('.peek canvas').waitFor();
  await until('captions', () => seek.page.evaluate(() => [...document.querySelector('shoal-player').video.textTracks].some(({ activeCues }) => activeCues?.length > 0)));
  await player.screenshot({ path: `${docs}seek.png` });
  const phone = await browser.open(`${shoal.base}/watch/aquarium`, { viewport: { width: 390, height: 760 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: 'light', locale: 'pt-BR' });
  await phone.moving();
  await phone.page.tap('shoal-player');
  await until('the swarm in words', () => phone.page.evaluate(() => !document.querySelector('.share').hidden));
  await until('much of the picture to come from the other', () => phone.page.evaluate(() => parseInt(document.querySelector('#offload').textContent, 10) >= 30), { seconds: 60 });
  await phone.page.tap('shoal-player');
  await pass(0.5);
  await phone.page.screenshot({ path: `${docs}phone.png` });
  await Promise.all([seek.close(), phone.close()]);

  const live = await browser.open(`${shoal.base}/`, screen);
  await live.page.waitForSelector('a[href$="/watch/aquarium"]');
  await until('pictures of the streams', () => live.page.evaluate(() => document.querySelectorAll('.thumbnail:not([hidden])').length === 2), { seconds: 20 });
  await live.page.screenshot({ path: `${docs}live.png` });
  await Promise.all([live, watch, ...others].map((page) => page.close())); // the studio has the machine for itself

  const door = await browser.open(`${shoal.base}/studio`, { ...screen, viewport: { width: 1280, height: 480 } });
  await door.page.fill('#name', 'mystage');
  await door.page.screenshot({ path: `${docs}door.png` });
  await door.close();

  const studio = await browser.open(`${shoal.base}/studio/mystage`, { ...screen, viewport: { width: 1280, height: 840 } });
  await studio.page.click('[data-source="pattern"]');
  await until('the preview', () => studio.page.evaluate(() => document.querySelector('#preview').videoWidth > 0));
  await studio.page.fill('#key', key);
  await studio.page.click('#go');
  await pass(10);
  await until('the studio to send all its pictures', () => studio.page.evaluate(() => parseInt(/Frames\s*(\d+)/.exec(document.querySelector('#numbers').textContent)?.[1] ?? '0', 10) >= 28), { seconds: 60 });
  await studio.page.screenshot({ path: `${docs}studio.png` });
}

try {
  if (process.argv[2] !== 'ops') await all();
  await operators();
  console.log(`made the pictures in ${docs}`);
} finally {
  for (const end of ends) await end();
}
