// What a viewer gives to others: no more than it is let, and nothing while its page is hidden, its browser saves data, or its link is paid by the
// byte. It is counted twice: by the player, and by the browser at the data channels.

import assert from 'node:assert/strict';
import test from 'node:test';

import { launch } from '../harness/browser.mjs';
import { long } from '../harness/long.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const CAP = 500; // kbit/s
const QUIET = 4; // seconds that nothing is given

/** Runs in a page before its own scripts: keeps its connections, gives its player a limit, and has a link that a test sets. */
function prepare(limit) {
  const connections = (window.connections = []);
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...args) {
      super(...args);
      connections.push(this);
    }
  };
  window.link = Object.assign(new EventTarget(), { saveData: false, type: 'wifi' });
  Object.defineProperty(navigator, 'connection', { get: () => window.link });
  window.visible = 'visible';
  Object.defineProperty(document, 'visibilityState', { get: () => window.visible });
  if (limit === null) return;
  new MutationObserver((_, observer) => {
    const player = document.querySelector('shoal-player');
    if (!player) return;
    player.setAttribute('max-upload-kbps', String(limit));
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
}

/** Runs in a page: what was given so far, {media: as the player counts, all: that data channels have sent, got: from peers}. */
async function given() {
  let all = 0;
  for (const connection of window.connections) {
    for (const entry of (await connection.getStats()).values()) if (entry.type === 'data-channel') all += entry.bytesSent;
  }
  const { bytesToPeers, bytesFromPeers, peers } = document.querySelector('shoal-player').stats;
  return { at: performance.now(), media: bytesToPeers, all, got: bytesFromPeers, peers };
}

/** The most that grew within any so many seconds of samples, kbit/s. */
function most(samples, name, seconds) {
  let worst = 0;
  for (const from of samples) {
    const to = samples.findLast(({ at }) => at - from.at <= seconds * 1000);
    if (to.at - from.at > seconds * 900) worst = Math.max(worst, ((to[name] - from[name]) * 8) / seconds / 1000);
  }
  return worst;
}

test('viewers who lend 500 kbit/s each give no more, however much is wanted', { timeout: 120_000 }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const browser = await launch(t);
  const viewers = []; // of 990 kbit/s each, which is more than they lend together
  for (let i = 0; i < 4; i++) {
    viewers.push(await browser.open(`${shoal.base}/watch/demo`, { before: (page) => page.addInitScript(prepare, CAP) }));
    await viewers[i].moving(60);
  }
  const all = () => Promise.all(viewers.map((v) => v.page.evaluate(given)));
  await until('links', async () => (await all()).every(({ peers }) => peers === 3), { seconds: 20 });
  await until('all to give', async () => (await all()).every(({ media }) => media > 30_000), { seconds: 30 });
  const samples = viewers.map(() => []);
  for (const end = Date.now() + 14_000; Date.now() < end; ) {
    (await all()).forEach((sample, i) => samples[i].push(sample));
    await pass(0.2);
  }
  const figures = samples.map((own) => {
    const [first, last] = [own[0], own.at(-1)];
    const mean = ((last.all - first.all) * 8) / (last.at - first.at);
    return { mean, media: most(own, 'media', 10), all: most(own, 'all', 10), second: most(own, 'all', 1) };
  });
  t.diagnostic(`kbit/s that each sent by data channels in the mean, at most in 10 s (media alone), at most in 1 s: ` +
    figures.map((f) => `${f.mean.toFixed(0)}, ${f.all.toFixed(0)} (${f.media.toFixed(0)}), ${f.second.toFixed(0)}`).join('; '));
  for (const f of figures) assert.ok(Math.max(f.media, f.all) <= 1.05 * CAP, `${f.all} kbit/s, of media ${f.media}`);
  assert.ok(figures.some((f) => f.all >= 0.7 * CAP), 'nobody came near the limit');
  const [one] = viewers;
  await one.page.locator('shoal-player').press('s');
  const shown = await one.page.evaluate(() => document.querySelector('shoal-player').shadowRoot.querySelector('.panel dl').textContent);
  assert.match(shown, /Given to peers\d+(\.\d+)? [MG]B/, 'what was given is not shown');
});

test('nothing is given by a hidden page, while data is saved, nor over a mobile network', { timeout: 120_000, skip: long }, async (t) => {
  const shoal = await up(t);
  await shoal.live('demo');
  const browser = await launch(t);
  const viewers = [];
  for (let i = 0; i < 3; i++) {
    viewers.push(await browser.open(`${shoal.base}/watch/demo`, { before: (page) => page.addInitScript(prepare, null) }));
    await viewers[i].moving(60);
  }
  const [one] = viewers;
  const now = () => one.page.evaluate(given);
  await until('links', async () => (await now()).peers === 2, { seconds: 20 });
  for (const [what, change] of [
    ['data is saved', () => { window.link.saveData = true; }],
    ['the network is a mobile one', () => { window.link.type = 'cellular'; }],
    ['the page is hidden', () => { window.visible = 'hidden'; }],
  ]) {
    const from = await now();
    await until('it to give', async () => (await now()).media > from.media + 30_000, { seconds: 15 });
    await one.page.evaluate(change);
    await one.page.evaluate(() => (window.link.dispatchEvent(new Event('change')), document.dispatchEvent(new Event('visibilitychange'))));
    await pass(2);
    const began = await now();
    await pass(QUIET);
    const end = await now();
    t.diagnostic(`while ${what}: ${end.media - began.media} bytes given in ${QUIET} s, ${end.got - began.got} taken`);
    assert.equal(end.media, began.media, `it gave while ${what}`);
    assert.ok(end.got > began.got + 50_000, `it took nothing while ${what}`);
    await one.page.evaluate(() => {
      Object.assign(window.link, { saveData: false, type: 'wifi' });
      window.visible = 'visible';
      window.link.dispatchEvent(new Event('change'));
    });
  }
});
