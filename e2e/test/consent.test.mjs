// Sharing is asked for, refused, remembered, begun and ended while the picture plays. Before a yes there is no connection to a peer and no
// socket to a tracker: their constructors are counted.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch, noStalls } from '../harness/browser.mjs';
import { up } from '../harness/shoal.mjs';
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

test('viewers are asked before they share', { timeout: 150_000 }, async (t) => {
  const shoal = await up(t, { args: ['-p2p', 'ask'] });
  await shoal.live('demo');
  const browser = await launch(t);
  const open = async (query = '', options = {}) => {
    const viewer = await browser.open(`${shoal.base}/watch/demo${query}`, { ...options, before: (page) => page.addInitScript(count) });
    await viewer.moving();
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
  if (process.env.SHOTS) for (const [i, { page }] of [one, two].entries()) await page.screenshot({ path: `${process.env.SHOTS}/ask-${i}.png` });

  await one.page.locator('shoal-player .ask .no').click();
  assert.equal((await seen(one)).asked, false);
  await one.page.reload();
  await until('the picture', () => one.page.evaluate(() => document.querySelector('shoal-player')?.video?.currentTime > 2));
  await nothing(one, 'after a no, and a reload');
  assert.equal((await seen(one)).asked, false, 'it is asked again');

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
  await until('a connection to be made', async () => (await seen(relayed)).peers > 0, { seconds: 20 });
  const { policies, links } = await seen(relayed);
  assert.ok(policies.every((policy) => policy === 'relay'), `policies: ${policies}`);
  assert.equal(links, 0, 'there is no relay here, and a link');
});
