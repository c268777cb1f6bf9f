// Two edges of one origin, with a viewer at each: one edge dies, and its viewer plays on from the other viewer until it is back; so does one
// that has used the menu of qualities before, or uses it then.

import assert from 'node:assert/strict';
import test from 'node:test';

import { noStalls } from '../harness/browser.mjs';
import { twoEdges } from '../harness/edges.mjs';
import { long } from '../harness/long.mjs';
import { pass, until } from '../harness/until.mjs';

const AWAY = 20; // seconds

// In the page: what is said over the picture and beside it, whenever that changes.
function listen() {
  window.said = [];
  setInterval(() => {
    const word = document.querySelector('shoal-player')?.shadowRoot?.querySelector('.word');
    if (!word) return;
    const now = [word.hidden ? '' : word.querySelector('b').textContent, document.querySelector('#state').textContent].join('|');
    if (window.said.at(-1) !== now) window.said.push(now);
  }, 50);
}

const listening = (page) => page.addInitScript(listen);

test('a viewer whose edge has died plays on from its peer', { timeout: 150_000 }, async (t) => {
  const { edges, viewers, stats, again } = await twoEdges(t, { before: listening });
  const [viewer] = viewers;
  const [before] = await stats();
  const said = () => viewer.page.evaluate(() => window.said);
  await until('the page to say that it is live', async () => (await said()).at(-1) === '|Live', { seconds: 5 });
  const { length } = await said();
  await edges[0].kill();
  await pass(AWAY);
  const [after] = await noStalls(t, viewers, `until one's edge was away for ${AWAY} s`);
  const count = (name) => after[name] - before[name];
  t.diagnostic(`meanwhile: ${count('bytesFromPeers')} bytes from the peer, ${count('bytesFromEdge')} from the edge, ` +
    `${count('edgeRequests')} requests to it, ${count('playlistsFromCell')} playlists from the cell, ${count('rescues')} rescues`);
  assert.ok(count('edgeRequests') > 0, 'nothing was asked of the edge that was away');
  assert.equal(after.p2p, 'on');
  assert.deepEqual((await said()).slice(length), [], 'it alarms who has the picture');
  const facts = await viewer.page.textContent('#facts');
  assert.ok(/360p/.test(facts) && !/watching/.test(facts), `how many watch is not known now, and it says: ${facts}`);

  await again();
  await until('media from the edge that is back', async () => (await viewer.stats()).bytesFromEdge > after.bytesFromEdge, { seconds: 20 });
  await noStalls(t, viewers, 'until it was back');
});

test('it does so after it has chosen a quality and gone back to the first, where playlists are deltas, and while it chooses one that nobody has', { timeout: 150_000, skip: long }, async (t) => {
  const { edges, viewers, stats, again } = await twoEdges(t, { args: ['-ladder', '180p', '-dvr', '5m'], ready: async (base) => {
    const get = async (path) => (await fetch(`${base}/live/show/${path}`)).text();
    await until('both renditions', async () => (await get('index.m3u8')).split('#EXT-X-STREAM-INF').length === 3, { seconds: 20 });
    await until('something to leave out', async () => (await get('v0/index.m3u8?_HLS_skip=YES')).includes('#EXT-X-SKIP:'), { seconds: 40 });
  } });
  const [{ page }] = viewers;
  const lines = (height) => until(`${height} lines`, () => page.evaluate((height) => window.shoalTest.video().videoHeight === height, height), { seconds: 10, every: 50 });
  const deltas = []; // of the rendition that it comes back to
  page.on('request', (request) => request.url().includes('/v0/index.m3u8') && deltas.push(request.url().includes('_HLS_skip=YES')));
  await lines(360);
  await page.locator('shoal-player .quality').selectOption({ label: '180p' });
  await lines(180);
  deltas.length = 0;
  await page.locator('shoal-player .quality').selectOption({ label: '360p' });
  await lines(360);
  await pass(2);
  const [before] = await stats();
  await edges[0].kill();
  await pass(8);
  const [after] = await noStalls(t, viewers, 'until one\'s edge was away for 8 s');
  const count = (name) => after[name] - before[name];
  t.diagnostic(`back at the first, the edge was asked for ${deltas.map((delta) => (delta ? 'a delta' : 'all')).slice(0, 5).join(', ')}; once it was away: ` +
    `${count('bytesFromPeers')} bytes from the peer, ${count('bytesFromEdge')} from the edge, ${count('playlistsFromCell')} playlists from the cell`);
  assert.ok(count('edgeRequests') > 0, 'nothing was asked of the edge that was away');
  assert.ok(count('playlistsFromCell') >= 10, `${count('playlistsFromCell')} playlists came from the cell`);

  const menu = page.locator('shoal-player .quality');
  await menu.selectOption({ label: '180p' });
  await pass(12);
  const [asked] = await noStalls(t, viewers, 'until it had waited 12 s for a quality of which there was no edge');
  assert.ok(asked.edgeRequests > after.edgeRequests && asked.bytesFromPeers > after.bytesFromPeers, 'it did not try, or did not go on');
  assert.match(await menu.evaluate(({ selectedOptions }) => selectedOptions[0].label), /180p/);
  assert.equal(await page.evaluate(() => window.shoalTest.video().videoHeight), 360);
  await again();
  const back = Date.now();
  await until('180 lines', () => page.evaluate(() => window.shoalTest.video().videoHeight === 180), { seconds: 40, every: 50 });
  t.diagnostic(`the quality that was chosen meanwhile is there ${Date.now() - back} ms after the edge is`);
  await noStalls(t, viewers, 'until it was there');
});
