// Sharing is asked for, refused, remembered, begun and ended while the picture plays. Before a yes there is no connection to a peer and no
// socket to a tracker: their constructors are counted.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import test from 'node:test';

import { demoClip, push } from '../harness/broadcaster.mjs';
import { launch, noStalls } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { long } from '../harness/long.mjs';
import { port, up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

// Runs in the page before its own scripts.
function count() {
  window.made = { peers: 0, sockets: 0, policies: [] };
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(config) {
      super(config);
      window.made.peers++;
      window.made.policies.push(config?.iceTransportPolicy);
    }
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...args) {
      super(...args);
      window.made.sockets++;
    }
  };
}

// In the page: what there is, and what is asked.
function look() {
  const player = document.querySelector('shoal-player');
  const get = (selector) => player.shadowRoot.querySelector(selector);
  const box = (selector) => get(selector).getBoundingClientRect();
  const { p2p, peers, bytesToPeers, bytesFromEdge } = player.stats;
  return {
    ...window.made, p2p, links: peers, given: bytesToPeers, fromEdge: bytesFromEdge, asked: !get('.ask').hidden, toggle: get('.share').hidden ? '' : get('.share').textContent,
    inside: box('.ask').top >= box('.frame').top && box('.ask').bottom <= box('.frame').bottom && box('.ask').right <= box('.frame').right,
  };
}

const phone = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true };

test('viewers are asked before they share', { timeout: 180_000 }, async (t) => {
  const shoal = await up(t, { p2p: 'ask' });
  await shoal.live('demo');
  const browser = await launch(t);
  const open = async (query = '', options = {}) => {
    const viewer = await browser.open(`${shoal.base}/watch/demo${query}`, { ...options, before: (page) => page.addInitScript(count) });
    await viewer.moving(40);
    return viewer;
  };
  const seen = (viewer) => viewer.page.evaluate(look);
  const asked = (viewer) => until('the question', async () => (await seen(viewer)).asked);
  const nothing = async (viewer, what) => {
    const { peers, sockets, links, p2p } = await seen(viewer);
    assert.deepEqual({ peers, sockets, links, p2p }, { peers: 0, sockets: 0, links: 0, p2p: 'off' }, what);
  };

  const [one, two] = [await open('', phone), await open()];
  for (const viewer of [one, two]) {
    await asked(viewer);
    assert.ok((await seen(viewer)).inside, 'the question has no room in the picture');
  }
  await pass(4); // within which a viewer of the swarm has long joined
  for (const viewer of [one, two]) await nothing(viewer, 'before an answer');
  await two.page.locator('shoal-player').press('s');
  const row = () => two.page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.panel dd').textContent);
  assert.deepEqual([await row(), await two.page.locator('#swarm').textContent()], ['waits for you', 'You have not said yet whether you share with others: all comes from the edge.']);
  await two.page.locator('shoal-player').press('s');
  if (process.env.SHOTS) for (const [i, { page }] of [one, two].entries()) await page.screenshot({ path: `${process.env.SHOTS}/ask-${i}.png` });

  await one.page.locator('shoal-player .ask .no').click();
  assert.equal((await seen(one)).asked, false);
  const focused = () => one.page.evaluate(() => document.querySelector('shoal-player').shadowRoot.activeElement?.className ?? '');
  assert.match(await focused(), /^frame/, 'the keys of the player are for who has just answered it');
  await one.page.reload();
  await until('the picture', () => one.page.evaluate(() => document.querySelector('shoal-player')?.video?.currentTime > 2));
  await nothing(one, 'after a no, and a reload');
  assert.equal((await seen(one)).asked, false, 'it is asked again');
  await until('the page to say so', async () => /^You do not share .*key S/.test(await one.page.locator('#swarm').textContent()));

  // A link does not answer for the viewer; nor does it take a no back.
  const three = await open('?p2p=on');
  await asked(three);
  await nothing(three, 'by a link');
  for (const viewer of [two, three]) await viewer.page.locator('shoal-player .ask .yes').click();
  for (const viewer of [two, three]) await until('a link', async () => (await seen(viewer)).links > 0, { seconds: 20 });
  await until('something to be given', async () => (await Promise.all([two, three].map(seen))).some(({ given }) => given > 0), { seconds: 20 });

  // The panel of numbers has the same choice, for who thinks better of it.
  await two.page.locator('shoal-player').press('s');
  await until('the button', async () => (await seen(two)).toggle === 'Stop sharing');
  if (process.env.SHOTS) await two.page.screenshot({ path: `${process.env.SHOTS}/unshare.png` });
  const before = await seen(two);
  await two.page.locator('shoal-player .panel .share').click();
  const left = await seen(two);
  assert.deepEqual([left.links, left.p2p, left.toggle], [0, 'off', 'Share with other viewers']);
  assert.ok(left.given >= before.given && left.fromEdge >= before.fromEdge, 'what was counted is lost');
  await until('it to play from the edge', async () => (await seen(two)).fromEdge > left.fromEdge + 100_000);
  assert.equal((await seen(two)).given, left.given, 'it went on giving');
  await two.page.locator('shoal-player .panel .share').click();
  await until('the link again', async () => (await seen(two)).links > 0, { seconds: 20 });
  await noStalls(t, [two, three], 'while it was begun, ended and begun again');

  const relayed = await browser.open(`${shoal.base}/watch/demo`, {
    before: async (page) => {
      await page.addInitScript(count);
      await page.addInitScript(() => new MutationObserver((_, observer) => { // before the page's scripts, which are deferred
        const player = document.querySelector('shoal-player');
        if (!player) return;
        player.setAttribute('p2p', 'relay-only');
        observer.disconnect();
      }).observe(document, { childList: true, subtree: true }));
    },
  });
  await until('it to be out of the swarm, for want of a relay', async () => (await relayed.stats()).refusal === 'there are no relays here', { seconds: 60 });
  const { peers, links } = await seen(relayed);
  assert.deepEqual([peers, links], [0, 0], 'there is no relay here, and it connects');
});

test('what a viewer says in one tab holds in the other at once, and in another player of the page', { timeout: 120_000, skip: long }, async (t) => {
  const shoal = await up(t, { p2p: 'ask' });
  await shoal.live('demo');
  const browser = await launch(t);
  const [one, friend] = await Promise.all([1, 2].map(() => browser.open(`${shoal.base}/watch/demo`)));
  const tab = await one.context.newPage(); // of the same browser, with another page of the edge's
  await tab.addInitScript(() => Object.defineProperty(document, 'hidden', { get: () => true })); // it stays in the swarm on a busy machine (inside.mjs)
  await tab.goto(`${shoal.base}/embed/demo?muted`);
  await one.page.evaluate(() => {
    const player = document.querySelector('shoal-player');
    player.after(player.cloneNode());
  });
  const beside = () => one.page.evaluate(() => {
    const [, { shadowRoot, stats }] = document.querySelectorAll('shoal-player');
    return { asked: !shadowRoot.querySelector('.ask').hidden, p2p: stats.p2p };
  });
  await until('the question of the other player', async () => (await beside()).asked, { seconds: 30 });
  await until('the question in all', async () => (await Promise.all([one.page, friend.page, tab].map((page) => page.evaluate(look)))).every(({ asked }) => asked), { seconds: 30 });
  for (const { page } of [one, friend]) await page.locator('shoal-player .ask .yes').first().click();
  assert.equal((await beside()).asked, false, 'the other player of the page still asks');
  await until('the other tab to be in the swarm', async () => (await tab.evaluate(look)).links > 0, { seconds: 20 });
  assert.equal((await tab.evaluate(look)).asked, false, 'it still asks');
  await until('the other player to be in it', async () => (await beside()).p2p === 'on', { seconds: 20 });

  await one.page.locator('shoal-player').first().press('s');
  const refused = Date.now();
  await one.page.locator('shoal-player .panel .share').first().click();
  assert.deepEqual(await beside(), { asked: false, p2p: 'off' });
  await until('the links of both to end', async () => (await Promise.all([one.page, tab].map((page) => page.evaluate(look)))).every(({ links, p2p }) => links === 0 && p2p === 'off'), { seconds: 2, every: 50 });
  t.diagnostic(`both were alone after ${Date.now() - refused} ms`);
});

test('nobody is asked in vain', { timeout: 150_000, skip: long }, async (t) => {
  const shoal = await up(t, { p2p: 'ask' });
  await shoal.live('demo');
  const turn = async (p2p) => {
    const answer = await fetch(`http://127.0.0.1:${shoal.ports.admin}/api/v1/control/demo`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ p2p }) });
    assert.equal(answer.status, 200);
  };
  const browser = await launch(t);
  const open = async (before = () => undefined) => {
    const viewer = await browser.open(`${shoal.base}/watch/demo`, { before: async (page) => {
      await page.addInitScript(count);
      await before(page);
    } });
    await viewer.moving(40);
    await viewer.page.locator('shoal-player').press('s');
    return viewer;
  };
  const row = ({ page }) => page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.panel dd').textContent);
  const reads = (viewer, text) => until(`the panel to say ${text}`, async () => (await row(viewer)) === text);
  const seen = ({ page }) => page.evaluate(look);

  const calls = await open((page) => page.addInitScript(() => delete Object.getPrototypeOf(RTCPeerConnection.prototype).createDataChannel));
  await reads(calls, 'off: this browser cannot share');
  await turn(false);
  await until('the server to tell', async () => (await (await fetch(`${shoal.base}/api/v1/streams/demo`)).json()).p2p === false);
  const one = await open();
  await reads(one, 'off: turned off by the operator');
  const willing = await open((page) => page.addInitScript(() => localStorage.setItem('shoal-share', 'yes')));
  await reads(willing, 'off: turned off by the operator');
  await until('the page to say so', async () => (await willing.page.locator('#swarm').textContent()) === 'The swarm is off (turned off by the operator): all comes from the edge.');
  await pass(3);
  for (const viewer of [calls, one]) {
    const { peers, sockets, asked, toggle } = await seen(viewer);
    assert.deepEqual([peers, sockets, asked, toggle], [0, 0, false, '']);
  }
  assert.deepEqual([(await seen(willing)).asked, (await seen(willing)).peers], [false, 0]);
  await willing.close();

  // It is found out when the way is free again. Who has said yes by then is told of the next that is in it.
  await turn(true);
  await until('the question', async () => (await seen(one)).asked, { seconds: 45 });
  await turn(false);
  await one.page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.ask .yes').click());
  await reads(one, 'off: turned off by the operator');
  assert.equal((await seen(calls)).asked, false);
});

// A site whose pages say nothing of sharing: the element, hls.js with the swarm, and hls.js in a page that asks.
const site = (edge) => ({
  '/element': `<shoal-player src="${edge}/live/demo/index.m3u8" autoplay muted></shoal-player><script type="module" src="${edge}/assets/shoal-player.js"></script>`,
  '/attached': '<script type="module">import { attach } from "/attach.js"; attach({});</script>',
  '/asks': `<script type="module">
    import { attach } from "/attach.js";
    attach({ consent: () => new Promise((answered) => {
      window.askedAt = performance.now();
      window.answer = answered;
    }) });
  </script>`,
  '/attach.js': `
    import Hls from '/hls.js';
    import { attachSwarm, LIVE } from '${edge}/assets/shoal-attach.js';
    export function attach(options) {
      const video = document.body.appendChild(Object.assign(document.createElement('video'), { muted: true, autoplay: true }));
      video.requestVideoFrameCallback(() => (window.firstAt = performance.now()));
      const hls = new Hls({ ...LIVE });
      window.swarm = attachSwarm(hls, options);
      window.told = [];
      for (const name of ['peer', 'fallback']) swarm.addEventListener('shoal:' + name, ({ detail }) => told.push([name, detail.peers ?? detail.p2p]));
      hls.loadSource('${edge}/live/demo/index.m3u8');
      hls.attachMedia(video);
    }`,
  '/hls.js': hlsjs,
});

const hlsjs = await readFile(new URL('../../player/node_modules/hls.js/dist/hls.mjs', import.meta.url), 'utf8');

test('where nobody has said that viewers share they are asked, but for the demo', { timeout: 300_000 }, async (t) => {
  const shoal = await up(t, { p2p: null });
  push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
  await Promise.all(['demo', 'mystream'].map((name) => shoal.live(name)));
  const browser = await launch(t);
  const pages = site(shoal.base);
  const at = port();
  const server = createServer(({ url }, answer) => {
    const script = url.endsWith('.js');
    if (!pages[url]) return answer.writeHead(404).end();
    return answer.writeHead(200, { 'Content-Type': script ? 'text/javascript' : 'text/html' })
      .end(script ? pages[url] : `<!doctype html><link rel="icon" href="data:,"><body>${pages[url]}`);
  }).listen(at, '127.0.0.1');
  atEnd(t, () => server.close());
  const own = `http://127.0.0.1:${at}`;
  const open = async (url) => {
    const viewer = await browser.open(url, { before: (page) => page.addInitScript(count) });
    await viewer.moving(40);
    return viewer;
  };
  const made = ({ page }) => page.evaluate(() => [window.made.peers, window.made.sockets]);

  const demo = await open(`${shoal.base}/watch/demo`);
  await until('the demo to be in the swarm', async () => (await demo.p2p()) === 'on', { seconds: 40 });
  assert.equal((await demo.page.evaluate(look)).asked, false);

  // Opened one after the other, so that none waits for the machine: those with the player's own question, and hls.js in a page that has none.
  const others = {};
  for (const url of [`${shoal.base}/watch/mystream`, `${shoal.base}/embed/mystream?muted`, `${own}/element`, `${own}/attached`]) {
    const viewer = (others[url] = await open(url));
    if (!url.endsWith('/attached')) await until(`the question of ${url}`, async () => (await viewer.page.evaluate(look)).asked, { seconds: 40 });
  }
  const asks = await open(`${own}/asks`);
  await until('the question of a page of its own', () => asks.page.evaluate(() => window.askedAt), { seconds: 40 });
  await pass(4); // within which a viewer of the swarm has long joined
  for (const [url, viewer] of Object.entries(others)) {
    assert.deepEqual(await made(viewer), [0, 0], url);
    await viewer.close();
  }
  assert.deepEqual(await made(asks), [0, 0], 'before an answer');
  assert.equal(await demo.page.evaluate(() => document.querySelector('shoal-player').stats.peers), 0);

  const { firstAt, askedAt } = await asks.page.evaluate(() => ({ firstAt: window.firstAt, askedAt: window.askedAt }));
  t.diagnostic(`the first picture after ${Math.round(firstAt)} ms, the question ${Math.round(askedAt - firstAt)} ms later`);
  assert.ok(askedAt > firstAt, 'it was asked before there was a picture');

  await asks.page.evaluate(() => window.answer(true));
  await until('a link', () => asks.page.evaluate(() => window.swarm.stats.peers > 0), { seconds: 60 }).catch(async (error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await asks.page.evaluate(() => window.swarm.stats))}`);
  });
  await until('it to be told', () => asks.page.evaluate(() => window.told.some(([name, peers]) => name === 'peer' && peers > 0)));
  await asks.page.evaluate(() => window.swarm.share('off'));
  await until('the fallback to be told', () => asks.page.evaluate(() => window.told.some(([name, p2p]) => name === 'fallback' && p2p === 'off')));

  // Both answers are remembered, and nobody is asked twice.
  const again = async (answer) => {
    await asks.page.reload();
    await until('the picture', () => asks.page.evaluate(() => document.querySelector('video')?.currentTime > 1), { seconds: 40 });
    if (answer) await until('the link again', () => asks.page.evaluate(() => window.swarm.stats.peers > 0), { seconds: 40 });
    else await pass(4);
    assert.equal(await asks.page.evaluate(() => window.askedAt), undefined, 'it was asked again');
  };
  await again(true);
  await asks.page.evaluate(() => localStorage.removeItem('shoal-share'));
  await asks.page.reload();
  await until('the question again', () => asks.page.evaluate(() => window.askedAt), { seconds: 40 });
  await asks.page.evaluate(() => window.answer(false));
  await again(false);
  assert.deepEqual(await made(asks), [0, 0], 'after a no');
});
