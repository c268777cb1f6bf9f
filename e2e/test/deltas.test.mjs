// Delta playlists: hls.js asks for them where a long window offers them, and two viewers of a swarm get them from each other's
// records as from the edge.

import assert from 'node:assert/strict';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch, noStalls } from '../harness/browser.mjs';
import { edge, origin, port, tracker } from '../harness/shoal.mjs';
import { until } from '../harness/until.mjs';

// Clause: hls-skip
test('a long window is followed by deltas, in a swarm too', { timeout: 90_000 }, async (t) => {
  const source = await origin(t, { stream: 'show', args: ['-segment', '1s', '-window', '14'] });
  const ports = { http: port(), admin: port(), stun: port() };
  const copies = await edge(t, { origin: source, tracker: `ws://127.0.0.1:${ports.http}/tracker` });
  await tracker(t, { pages: copies.base, ports });
  push(t, `${source.rtmp}/${source.key}`, demoClip, { loop: true });
  await copies.live('show');
  const list = async (query = '') => (await fetch(`${copies.base}/live/show/v0/index.m3u8${query}`)).text();
  await until('a window that has something to leave out', async () => (await list('?_HLS_skip=YES')).includes('#EXT-X-SKIP:'), { seconds: 20 });

  const browser = await launch(t);
  const playlists = { whole: 0, delta: 0 };
  const before = (page) => page.on('response', async (response) => {
    if (!response.url().includes('/v0/index.m3u8') || !response.ok()) return;
    const text = await response.text().catch(() => '');
    playlists[text.includes('#EXT-X-SKIP:') ? 'delta' : 'whole']++;
  });
  const viewers = [];
  for (let i = 0; i < 2; i++) {
    viewers.push(await browser.open(`${copies.base}/watch/show`, { before }));
    await viewers[i].moving(30);
  }
  await until('both to be in the swarm', async () => (await Promise.all(viewers.map((v) => v.stats()))).every((s) => s.peers === 1), { seconds: 15 });
  const from = Date.now();
  let stats = [];
  await until('both to have had playlists from the cell', async () => {
    stats = await Promise.all(viewers.map((v) => v.stats()));
    return stats.every((s) => s.playlistsFromCell >= 5) && playlists.delta >= 5;
  }, { seconds: 30, every: 500 });
  const seconds = Math.round((Date.now() - from) / 1000);
  t.diagnostic(`after ${seconds} s playlists of the edge: ${playlists.whole} whole, ${playlists.delta} deltas; from the cell: ${stats.map((s) => s.playlistsFromCell).join(' ')}; ` +
    `latency ${stats.map((s) => s.latencySeconds.toFixed(2)).join(' ')} s`);
  assert.ok(playlists.whole <= 8, `${playlists.whole} whole playlists came from the edge`);
  await noStalls(t, viewers, `in ${seconds} s`);
});
