// The pages for those who do not see them, or not well: axe-core finds nothing that is serious, each on a desktop by day or a phone by night; with ALL=1 on both, by both.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';

const axe = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const screens = { desktop: { viewport: { width: 1280, height: 800 } }, phone: { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true } };

const LIGHTS = process.env.ALL ? ['light', 'dark'] : null;

/** What axe finds on a page that matters, in words. */
async function findings(page) {
  await page.evaluate(axe); // past the page's content policy
  const { violations, passes } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations', 'passes'] }));
  assert.ok(passes.length > 10, `axe looked at ${passes.length} rules only`);
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.flat().join(' ')}: ${failureSummary.replace(/\s+/g, ' ')}`));
}

test('axe finds nothing serious', { timeout: process.env.ALL ? 420_000 : 240_000 }, async (t) => {
  const shoal = await up(t, { p2p: 'ask' });
  await shoal.live('demo');
  const browser = await launch(t);
  const player = (page) => page.locator('shoal-player');
  const pages = {
    '/': async (page) => page.waitForSelector('.card'),
    '/watch/demo': async (page) => player(page).locator('.ask .yes').waitFor(),
    '/watch/demo?p2p=off': async (page) => {
      await page.waitForSelector('.share:not([hidden])');
      await player(page).press('s');
      await player(page).locator('.panel').waitFor();
    },
    '/embed/demo?p2p=off': async (page) => {
      await page.waitForFunction(() => document.querySelector('shoal-player')?.video?.currentTime > 0);
      await player(page).locator('.frame').press('ArrowDown');
      await player(page).locator('.frame').press('?');
      await player(page).locator('.keys dl').waitFor();
    },
    '/watch/nobody': async (page) => player(page).locator('.veil').waitFor(),
    '/nosuch': async (page) => page.locator('.empty h1').waitFor(),
    '/studio': async (page) => page.locator('#studio button').waitFor(),
    '/embed/demo': async (page) => player(page).locator('.ask .yes').waitFor(),
    '/studio/x': async (page) => {
      await page.click('[data-source="pattern"]');
      await page.click('.obs summary');
      await page.waitForSelector('#loudness');
      await page.evaluate(() => document.querySelector('#go').classList.add('danger')); // as it is while it is live
    },
    '/ops': async (page) => page.waitForSelector('#rows a'),
  };
  // Those that differ little from the others: on one screen, by one light.
  const day = { ...screens.desktop, colorScheme: 'light' };
  const night = { ...screens.phone, colorScheme: 'dark' };
  const rare = {
    '/?away': [night, async (page) => { // the server
      await page.waitForSelector('.card');
      await page.route('**/api/v1/**', (route) => route.abort());
      await page.waitForSelector('.grid.stale');
    }],
    '/watch/demo?uninvited': [night, (page) => barred(page, 401)],
    '/watch/demo?refused': [day, (page) => barred(page, 403)],
    '/?pt': [{ ...day, locale: 'pt-BR' }, pages['/']],
    '/?zh': [{ ...night, locale: 'zh-CN' }, pages['/']],
    '/watch/demo?p2p=off&pt': [{ ...night, locale: 'pt-BR' }, pages['/watch/demo?p2p=off']],
    '/watch/demo?p2p=off&zh': [{ ...day, locale: 'zh-CN' }, pages['/watch/demo?p2p=off']],
  };
  const barred = async (page, status) => {
    await page.route('**/live/demo/**', (route) => route.fulfill({ status }));
    await page.reload();
    await player(page).locator('.veil').waitFor();
  };
  const look = async (path, ready, options, where) => {
    const viewer = await browser.open(shoal.base + path, { ...options, reducedMotion: 'reduce', expected: [/status of 40[134]/, /ERR_FAILED/] });
    await ready(viewer.page);
    let found = await findings(viewer.page);
    while (found.length > 0) { // which may be of something that moves
      const before = JSON.stringify(found);
      found = await findings(viewer.page);
      if (JSON.stringify(found) === before) break;
    }
    assert.deepEqual(found, [], where);
    await viewer.close();
  };
  for (const [i, [path, ready]] of Object.entries(pages).entries()) {
    for (const [j, [name, screen]] of Object.entries(screens).entries()) {
      const own = j === 0 ? ['light'] : ['dark'];
      for (const colorScheme of LIGHTS ?? (i % 2 === j ? own : [])) await look(path, ready, { ...screen, colorScheme }, `${path}, ${name}, ${colorScheme}`);
    }
  }
  t.diagnostic(Object.keys(pages).join(' '));
  for (const [path, [options, ready]] of Object.entries(rare)) await look(path, ready, options, path);
});
