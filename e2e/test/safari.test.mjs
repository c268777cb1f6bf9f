// What Safari has in the place of MSE, in Chromium: a ManagedMediaSource made of its MediaSource, as on iPhones with iOS 17.1; and neither, as on
// those before, where the browser plays HLS by itself, or cannot. No real Safari runs here.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// Runs in the page before its own scripts: its only media source is managed, and says when it wants media.
function managed() {
  const Source = window.MediaSource;
  delete window.MediaSource;
  window.sources = [];
  window.ManagedMediaSource = class ManagedMediaSource extends Source {
    streaming = false;
    constructor() {
      super();
      window.sources.push(this);
      this.addEventListener('sourceopen', () => this.stream(true));
    }
    stream(streaming) {
      this.streaming = streaming;
      this.dispatchEvent(new Event(streaming ? 'startstreaming' : 'endstreaming'));
    }
  };
}

function neither() {
  delete window.MediaSource;
  delete window.ManagedMediaSource;
}

function nothing() {
  delete window.MediaSource;
  delete window.ManagedMediaSource;
  HTMLMediaElement.prototype.canPlayType = () => '';
}

// In the page: what is played, and what is shown.
function look() {
  const player = document.querySelector('shoal-player');
  const get = (selector) => player.shadowRoot.querySelector(selector);
  const { video, state, stats } = player;
  return {
    state, stats: { ...stats }, time: video.currentTime,
    source: video.currentSrc, remote: video.disableRemotePlayback, live: get('.live').textContent, atLive: get('.live').classList.contains('on'),
    menu: !get('.quality').hidden, asked: !get('.ask').hidden, word: get('.word').hidden ? '' : get('.word b').textContent,
    rows: Object.fromEntries([...get('dl').querySelectorAll('dt')].map((dt) => [dt.textContent, dt.nextElementSibling.textContent])),
  };
}

test('what Safari has in the place of MSE', { timeout: 240_000 }, async (t) => {
  const [shoal, asking, browser] = await Promise.all([up(t), up(t, { p2p: 'ask' }), launch(t)]); // the second is needed once it has many segments
  await shoal.live('demo');

  await t.test('with a ManagedMediaSource a viewer is in the swarm as any other', async () => {
    const before = (page) => page.addInitScript(managed);
    const [phone, other] = [await browser.open(`${shoal.base}/watch/demo`, { before, hash: true }), await browser.open(`${shoal.base}/watch/demo`)];
    await Promise.all([phone, other].map((viewer) => viewer.moving(40)));
    const all = () => Promise.all([phone, other].map((viewer) => viewer.stats()));
    await until('media from each other', async () => (await all()).every((s) => s.p2p === 'on' && s.bytesFromPeers > 0), { seconds: 60 });

    const seen = await phone.page.evaluate(look);
    assert.equal(seen.remote, true, 'it would not open on Safari');
    assert.deepEqual(await phone.page.evaluate(() => window.sources.map(({ readyState }) => readyState)), ['open'], 'it plays by another source');

    // While the browser wants no media, none is loaded.
    const appended = async () => (await phone.appended()).length;
    await phone.page.evaluate(() => window.sources[0].stream(false));
    await pass(0.5); // what was under way may come
    await appended();
    await pass(0.8);
    assert.equal(await appended(), 0, 'it loads what the browser does not want');
    await phone.page.evaluate(() => window.sources[0].stream(true));
    const { time } = await phone.page.evaluate(look);
    await until('it to load again', async () => (await appended()) > 0);
    await until('it to play on', async () => (await phone.page.evaluate(look)).time > time + 3);
    await Promise.all([phone, other].map((viewer) => viewer.close()));
  });

  await t.test('where no script can feed media the browser plays by itself, without the swarm, and says so', async (t) => {
    await until('as many segments as Chromium wants to begin with', async () => (await asking.stream('demo'))?.lastMsn >= 12, { seconds: 60 });
    let sockets = 0;
    const viewer = await browser.open(`${asking.base}/watch/demo`, {
      before: async (page) => {
        page.on('websocket', () => sockets++);
        await page.addInitScript(neither);
      },
    });
    await viewer.moving(40);
    const seen = () => viewer.page.evaluate(look);
    await viewer.page.locator('shoal-player').press('s', { timeout: 60_000 }); // the panel of numbers
    await until('the numbers', async () => Object.keys((await seen()).rows).length > 0);
    const playing = await seen();
    t.diagnostic(JSON.stringify(playing));
    assert.match(playing.source, /index\.m3u8/);
    assert.deepEqual([playing.state, playing.menu, playing.asked, playing.live], ['playing', false, false, 'LIVE']);
    assert.deepEqual(Object.keys(playing.rows), ['Swarm', 'Buffered', 'Started in', 'Stalls', 'Dropped frames']);
    assert.equal(playing.rows.Swarm, 'off: this browser plays by itself');
    assert.ok(playing.stats.startupMillis > 0 && playing.stats.p2p === 'off' && /by itself/.test(playing.stats.refusal));

    // Chromium tells no end of a live stream that it plays by itself, and LIVE leaves the playhead where it is; where it leads else, test/native.test.ts tells.
    await viewer.page.locator('shoal-player .live').click({ timeout: 60_000 });
    await until('it to play on', async () => (await seen()).time > playing.time + 2, { seconds: 30 });
    if (process.env.SHOTS) await viewer.page.screenshot({ path: `${process.env.SHOTS}/native.png` });
    assert.equal(sockets, 0);

    const old = await browser.open(`${asking.base}/watch/demo`, { before: (page) => page.addInitScript(nothing) });
    await until('words', async () => (await old.page.evaluate(look)).word === 'This browser cannot play the stream');
  });
});
