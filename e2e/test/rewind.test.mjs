// A viewer who goes back in a live stream stays there, until live is asked for, and gets one copy of it as without the swarm; and a
// finished recording plays as one.

import assert from 'node:assert/strict';
import test from 'node:test';

import { pushPictures } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// In the page: what the player shows.
function look() {
  const player = document.querySelector('shoal-player');
  const get = (selector) => player.shadowRoot.querySelector(selector);
  const { currentTime: time, playbackRate: rate, paused, ended } = player.video;
  return {
    time, rate, paused, ended, state: player.state, p2p: player.stats.p2p, behind: player.stats.latencySeconds,
    peers: player.stats.peers, fromEdge: player.stats.bytesFromEdge, fromPeers: player.stats.bytesFromPeers, buffered: player.stats.bufferSeconds,
    seek: !get('.seek').hidden, value: get('.seek').getAttribute('aria-valuetext'), live: !get('.live').hidden, word: get('.word').hidden ? '' : get('.word b').textContent,
    lit: get('.live').classList.contains('on'), clock: get('.time').hidden ? '' : get('.time').textContent,
    fits: get('.bar').scrollWidth <= get('.bar').clientWidth && get('.full').getBoundingClientRect().right <= innerWidth,
  };
}

// Clause: dvr, recording
test('who goes back stays back until live is asked for, and a recording plays from its beginning to its end', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([
    up(t, { demo: false, stream: 'show', args: ['-dvr', '10m', '-record', '-disk-reserve', '16M', '-grace', '2s'] }), launch(t),
  ]);
  const url = `${shoal.rtmp}/${shoal.key}`;
  await pushPictures(t, url, { pace: 80, seconds: 75 }).ended;
  const broadcaster = pushPictures(t, url);
  await shoal.live('show');
  const [viewer, other] = await Promise.all([1, 2].map(() => browser.open(`${shoal.base}/watch/show`, { viewport: { width: 320, height: 640 } })));
  await Promise.all([viewer.moving(), other.moving()]);
  const { page } = viewer;
  const seen = () => page.evaluate(look);
  await until('the seek bar', async () => (await seen()).seek, { seconds: 5 });
  await until('the live edge', async () => (await seen()).lit, { seconds: 5 });
  await until('a link', async () => (await seen()).peers > 0, { seconds: 15 });

  let playlists = 0;
  const media = []; // that the edge was asked for
  page.on('request', (request) => {
    if (request.url().includes('.m3u8')) playlists++;
    else if (request.url().endsWith('.m4s')) media.push(request.url());
  });
  const jump = await seen();
  await page.locator('.seek').evaluate((bar) => {
    bar.value = String(bar.valueAsNumber - 60);
    for (const name of ['input', 'change']) bar.dispatchEvent(new Event(name));
  });
  await until('the picture to move there', async () => (await seen()).behind > 20 && page.evaluate(() => document.querySelector('shoal-player').video.readyState >= 3), { seconds: 5 });
  await until('the swarm to be left', async () => (await seen()).p2p === 'away', { seconds: 10 });
  await until('the buffer to be full', async () => (await seen()).buffered > 15, { seconds: 8 });
  const [from, began] = [await seen(), Date.now()];
  playlists = media.length = 0;
  await pass(8);
  const to = await seen();
  const took = (Date.now() - began) / 1000;
  t.diagnostic(`in ${took.toFixed(1)} s it played ${(to.time - from.time).toFixed(1)} s, ${to.behind.toFixed(1)} s behind live; ${playlists} playlists; ${JSON.stringify(to)}`);
  assert.ok(Math.abs(to.time - from.time - took) < 1.5 && to.behind > 20, 'it did not stay there');
  assert.ok(to.rate === 1 && !to.lit && to.state === 'playing' && to.fits);
  assert.ok(playlists < 8 * took, 'playlists are asked for all the time');
  const got = to.fromEdge - from.fromEdge + to.fromPeers - from.fromPeers;
  const segments = media.filter((url) => /\/s\d+\.m4s$/.test(url)); // no parts
  const lengths = await Promise.all(segments.map(async (url) => (await (await fetch(url)).arrayBuffer()).byteLength));
  const played = lengths.reduce((sum, length) => sum + length, 0);
  t.diagnostic(`the jump took ${from.fromEdge + from.fromPeers - jump.fromEdge - jump.fromPeers} bytes until ${from.buffered.toFixed(1)} s were loaded; ${to.buffered.toFixed(1)} s are`);
  assert.ok(to.buffered < 20, 'a jump loads more than is likely to be watched');
  t.diagnostic(`it took ${got} bytes, of which ${played} are of ${segments.length} segments of the ${media.length} objects it asked for`);
  assert.ok(segments.length >= 3 && segments.length === media.length && got > 0 && got <= played + Math.max(...lengths), 'it takes more than what it plays');
  await page.locator('shoal-player').press('ArrowLeft');
  await until('ten seconds more', async () => (await seen()).behind > to.behind + 8, { seconds: 5 });
  await page.locator('shoal-player').press('l');
  await until('the live edge again', async () => (await seen()).lit, { seconds: 5 });
  await until('the swarm again', async () => (await seen()).peers > 0, { seconds: 20 });
  await Promise.all([viewer.close(), other.close()]);

  await broadcaster.end('SIGKILL');
  const finished = await until('the recording to be finished', async () => {
    const recordings = await (await fetch(`${shoal.base}/api/v1/streams/show/recordings`)).json();
    const all = Array.isArray(recordings) ? recordings : recordings.recordings;
    for (const { id } of all ?? []) {
      const playlist = `/live/show/recordings/${id}/index.m3u8`;
      if ((await fetch(shoal.base + playlist)).ok) return playlist;
    }
    return null;
  }, { seconds: 15 });
  const later = await browser.open(`${shoal.base}/recording`, {
    before: (page) => page.route('**/recording', (route) => route.fulfill({
      contentType: 'text/html', body: `<link rel="icon" href="data:,"><script type="module" src="/assets/shoal-player.js"></script><shoal-player src="${finished}" autoplay muted></shoal-player>`,
    })),
  });
  const shown = () => later.page.evaluate(look);
  await until('the recording to play', async () => (await shown()).time > 1, { seconds: 10 });
  const early = await shown();
  assert.ok(early.p2p === 'off' && !early.live && early.seek && early.time < 8, JSON.stringify(early));
  assert.match(early.clock, /^0:0\d \/ 1:[1-3]\d$/);
  await later.page.evaluate(() => {
    const { video } = document.querySelector('shoal-player');
    video.currentTime = video.duration - 1;
  });
  await until('its end', async () => (await shown()).state === 'ended', { seconds: 8 });
  await pass(2);
  const end = await shown();
  t.diagnostic(JSON.stringify(end));
  assert.deepEqual([end.state, end.word, end.p2p, end.paused], ['ended', '', 'off', true]);
  await later.page.locator('shoal-player').press('k');
  await until('it to play again', async () => (await shown()).state === 'playing' && (await shown()).time < 5, { seconds: 5 });
});
