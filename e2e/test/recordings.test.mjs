// A broadcast is over: the player says so at once, nobody is told of a stall, and its watch page leads to the recording, which has a page.

import assert from 'node:assert/strict';
import { cpSync, renameSync } from 'node:fs';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const screens = { desktop: { viewport: { width: 1280, height: 800 } }, phone: { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true } };

// In the page: what the player shows, and what stands below it.
function look() {
  const player = document.querySelector('shoal-player');
  const get = (selector) => player.shadowRoot.querySelector(selector);
  const other = document.querySelector('#other');
  return {
    state: player.state, p2p: player.stats.p2p, time: player.video.currentTime, word: get('.word').hidden ? '' : get('.word b').textContent,
    clock: get('.time').hidden ? '' : get('.time').textContent, live: !get('.live').hidden, behind: get('.live span').textContent,
    badge: document.querySelector('#state').textContent, facts: document.querySelector('#facts').textContent,
    other: other.hidden ? '' : other.textContent, links: [...document.querySelectorAll('#recordings a')].map((a) => a.getAttribute('href')),
    wide: document.scrollingElement.scrollWidth,
  };
}

// Clause: recording
test('when a broadcast is over its page leads to the recording', { timeout: 120_000 }, async (t) => {
  const [shoal, browser] = await Promise.all([
    up(t, { demo: false, stream: 'show', args: ['-record', '-disk-reserve', '16M', '-grace', '3s'] }), launch(t),
  ]);
  const broadcaster = push(t, `${shoal.rtmp}/${shoal.key}`, demoClip); // of 16 s
  await shoal.live('show');
  const viewers = await Promise.all([1, 2].map(() => browser.open(`${shoal.base}/watch/show`)));
  for (const viewer of viewers) {
    viewer.expect(/Failed to load resource: .* status of (50[34]|404 .*\.m4s\))/); // the part that would have come next, asked for ahead
    await viewer.moving();
    // From here on: what it says while the picture does not move.
    await viewer.page.evaluate(() => {
      const player = document.querySelector('shoal-player');
      const word = player.shadowRoot.querySelector('.word');
      window.said = [];
      window.late = null; // milliseconds from the picture's last move to the first word
      let [time, moved] = [0, 0];
      setInterval(() => {
        if (player.video.currentTime !== time) [time, moved] = [player.video.currentTime, performance.now()];
      }, 20);
      new MutationObserver(() => {
        const text = word.hidden ? '' : word.querySelector('b').textContent;
        if (text !== '') window.late ??= Math.round(performance.now() - moved);
        if (text !== '' && window.said.at(-1) !== text) window.said.push(text);
      }).observe(word, { attributes: true, subtree: true, childList: true, characterData: true });
    });
  }
  await until('both in the swarm', async () => (await Promise.all(viewers.map((v) => v.stats()))).every((s) => s.peers > 0), { seconds: 15 });
  const stalls = async () => (await shoal.metrics()).sum('shoal_swarm_stalls_total');
  const own = () => Promise.all(viewers.map(async (v) => (await v.stats()).stalls));
  await broadcaster.ended;
  const before = await own();
  const seen = (viewer) => viewer.page.evaluate(look);
  for (const viewer of viewers) await until('the end to be told', async () => (await seen(viewer)).word === 'The stream has ended', { seconds: 10, every: 50 });
  const over = Date.now();
  const offered = await until('the way to the recording', async () => {
    const now = await seen(viewers[0]);
    return now.other !== '' && now;
  }, { seconds: 30 });
  assert.deepEqual([offered.other, offered.links.length, offered.badge], ['Watch the recording', 1, 'Ended'], JSON.stringify(offered));
  const address = new URL(offered.links[0], shoal.base).href;
  assert.match(address, /\/watch\/show\/recordings\/\d{8}T\d{6}Z$/);

  await Promise.all(Object.entries(screens).map(async ([name, options]) => {
    let sockets = 0;
    const viewer = await browser.open(address, { ...options, before: (page) => page.on('websocket', () => sockets++) });
    await viewer.moving();
    await until('its name', async () => (await seen(viewer)).facts !== '');
    const now = await seen(viewer);
    assert.deepEqual([now.badge, now.live, now.p2p, now.other], ['Recording', false, 'off', ''], JSON.stringify(now));
    assert.match(now.clock, /^0:\d\d \/ 0:1[3-7]$/);
    assert.ok(now.wide <= options.viewport.width, `it is ${now.wide} pixels wide`);
    if (process.env.SHOTS) await viewer.page.screenshot({ path: `${process.env.SHOTS}/recording-${name}.png`, fullPage: true });
    const sought = await viewer.page.locator('.seek').evaluate((bar) => new Promise((resolve) => {
      const { video } = document.querySelector('shoal-player');
      video.addEventListener('seeked', () => resolve(video.currentTime), { once: true });
      bar.value = '4';
      for (const kind of ['input', 'change']) bar.dispatchEvent(new Event(kind));
    }));
    assert.ok(Math.abs(sought - 4) < 0.5, `it went to ${sought} s`);
    await until('the picture to go on from there', async () => (await seen(viewer)).time > 4.2, { every: 50 });
    await viewer.page.keyboard.press('ArrowRight');
    await until('ten seconds more', async () => (await seen(viewer)).time > 12, { seconds: 5, every: 50 });
    await until('its end', async () => (await seen(viewer)).state === 'ended', { seconds: 10 });
    assert.equal(sockets, 0, 'a recording has no swarm');
    await viewer.close();
  }));

  await pass(11 - (Date.now() - over) / 1000); // each viewer tells the tracker every ten seconds
  const [after, told] = [await own(), await stalls()];
  const said = await Promise.all(viewers.map((v) => v.page.evaluate(() => window.said)));
  t.diagnostic(`said: ${JSON.stringify(said)}, first ${await Promise.all(viewers.map((v) => v.page.evaluate(() => window.late)))} ms after the picture stood; stalls before ${before}, after ${after}, told ${told}`);
  assert.ok(after.every((stalls, i) => stalls <= before[i]), `the end was counted as a stall: ${before}, then ${after}`);
  assert.ok(told <= before[0] + before[1], `the tracker was told of ${told} stalls`);
  for (const [i, words] of said.entries()) { // for some seconds after it has said goodbye a broadcaster may come back
    // why the picture stands is known a moment later, and then it is no stall any more
    assert.match(words.join(), /^(Buffering,)?(The broadcaster is away,)?The stream has ended$/, `said: ${words}`);
  }

  const [{ page }, other] = viewers;
  await other.close();
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/ended.png` });
  await page.click('#other');
  await page.waitForURL(address);
  await page.close();

  const front = await browser.open(`${shoal.base}/`);
  await front.page.waitForSelector(`#recordings a[href="${new URL(address).pathname}"]`);
  await until('its picture', () => front.page.evaluate(() => document.querySelector('#recordings .thumbnail:not([hidden])')?.naturalWidth > 0));
  if (process.env.SHOTS) await front.page.screenshot({ path: `${process.env.SHOTS}/front.png`, fullPage: true });
  await front.close();

  // A dozen, as an operator makes them who copies the folder of one.
  const id = new URL(address).pathname.split('/').at(-1);
  const dozen = Array.from({ length: 12 }, (_, i) => `202611${String(10 + i)}T${String(8 + i).padStart(2, '0')}0000Z`);
  for (const copy of dozen) cpSync(`${shoal.data}/recordings/show/${id}`, `${shoal.data}/a-series-of-many/${copy}`, { recursive: true, preserveTimestamps: true });
  renameSync(`${shoal.data}/a-series-of-many`, `${shoal.data}/recordings/a-series-of-many`); // a folder is read once, so all of it is there at once
  for (const [name, options] of Object.entries(screens)) {
    const seen = await browser.open(`${shoal.base}/watch/a-series-of-many/recordings/${dozen[5]}`, { ...options, expected: [/status of 503/] }); // pictures are made two at a time
    const { page } = seen;
    const lines = () => page.evaluate(() => [...document.querySelectorAll('#recordings li')].map((line) => {
      const [link, { top, height }] = [line.querySelector('a'), line.getBoundingClientRect()];
      return { id: link.getAttribute('href').split('/').at(-1), current: link.ariaCurrent === 'page', drawn: line.querySelector('img')?.naturalWidth > 0, top, height, over: link.scrollWidth - link.clientWidth };
    }));
    await until(`all of them, on a ${name}`, async () => (await lines()).length === dozen.length);
    await page.locator('#recordings li').last().scrollIntoViewIfNeeded();
    await until('their pictures', async () => (await lines()).every(({ drawn }) => drawn), { seconds: 60 });
    const all = await lines();
    assert.deepEqual(all.map((line) => line.id), dozen.toReversed(), 'the newest first');
    assert.deepEqual(all.filter(({ current }) => current).map((line) => line.id), [dozen[5]]);
    assert.ok(all.every(({ over, height }) => over <= 0 && height < 100), JSON.stringify(all)); // (a long date takes two lines on a phone)
    assert.ok(await page.evaluate(() => document.scrollingElement.scrollWidth <= innerWidth), `it is wider than a ${name}`);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/dozen-${name}.png`, fullPage: true });
    await page.goto(`${shoal.base}/`);
    await until('a dozen cards', () => page.evaluate(() => document.querySelectorAll('#recordings .card').length === 12));
    assert.ok(await page.evaluate(() => document.scrollingElement.scrollWidth <= innerWidth), `what is live is wider than a ${name}`);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/dozen-front-${name}.png`, fullPage: true });
    await seen.close();
  }

  // Ten minutes, made of the same media again and again.
  const many = 40;
  const asked = [];
  const long = await browser.open(address, {
    before: async (page) => {
      page.on('request', (request) => /\.(mp4|m4s)$/.test(new URL(request.url()).pathname) && asked.push(request.url()));
      await page.route(/recordings\/[^/]+\/v\d+\/index\.m3u8/, async (route) => {
        const response = await route.fetch();
        const text = await response.text();
        const begins = text.indexOf('#EXTINF');
        const [head, media] = [text.slice(0, begins), text.slice(begins).replace(/#EXT-X-ENDLIST\s*/, '')];
        const map = /#EXT-X-MAP.*\n/.exec(text)?.[0] ?? '';
        await route.fulfill({ response, body: head + Array.from({ length: many }, () => media).join(`#EXT-X-DISCONTINUITY\n${map}`) + '#EXT-X-ENDLIST\n' });
      });
    },
  });
  await long.moving();
  const ahead = () => long.page.evaluate(() => {
    const { buffered, currentTime, duration } = document.querySelector('shoal-player').video;
    return { duration, seconds: buffered.length > 0 ? buffered.end(buffered.length - 1) - currentTime : 0 };
  });
  await until('a quarter of a minute ahead', async () => (await ahead()).seconds > 15, { seconds: 30 });
  await pass(5);
  const { duration, seconds } = await ahead();
  t.diagnostic(`of ${duration.toFixed(0)} s, ${seconds.toFixed(1)} s were loaded ahead, in ${asked.length} requests`);
  assert.ok(duration > 500 && seconds < 20, `${seconds} of ${duration} s were loaded ahead`);
  await long.close();

  const none = await browser.open(`${shoal.base}/watch/show/recordings/20200101T000000Z`, { expected: [/status of 404/] });
  await until('words', async () => (await seen(none)).word === 'There is no such recording', { seconds: 10 });

  // What a page of somebody's own may get wrong.
  const page2 = await browser.open(`${shoal.base}/own`, {
    before: (page) => page.route('**/own', (route) => route.fulfill({
      contentType: 'text/html', body: '<link rel="icon" href="data:,"><script type="module" src="/assets/shoal-player.js"></script><shoal-player src="/watch/show" autoplay muted></shoal-player>',
    })),
  });
  await until('words', () => page2.page.evaluate(() => document.querySelector('shoal-player').shadowRoot?.querySelector('.word b').textContent === 'There is no stream at this address'), { seconds: 10 });
  if (process.env.SHOTS) await page2.page.screenshot({ path: `${process.env.SHOTS}/unreadable.png` });
});
