// Four viewers of a stream in two qualities, each in a network namespace of its own (e2e/lab): all choose one by hand, then the player chooses, and
// the downlink of one becomes too narrow for the better one. That one goes down, and plays on; the others notice nothing. Then a second downlink becomes narrow:
// that viewer goes down too, and they share again. With P2P=off the same is seen of four players that know nothing of each other.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Chromium } from '../bench/chromium.mjs';
import { Lab } from '../bench/lab.mjs';
import { demoClip, push } from '../harness/broadcaster.mjs';
import { noStalls } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { inside } from '../harness/inside.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';

const SWARM = process.env.P2P !== 'off';
const STANDS_STILL = 1; // seconds: 0 where the machine has time (scripts/bench narrow), and more where it has not
const RESUMES = 5; // seconds after the smaller picture is there
const NARROW = 1000 * Number(process.env.NARROW ?? 700); // bits a second: the source takes 990,000, the smaller rendition about 400,000

/** A viewer with a browser of its own, at a place of the lab. */
class Viewer {
  static async open(t, name, namespace, base) {
    const browser = new Chromium({ namespace, args: [`--unsafely-treat-insecure-origin-as-secure=${base}`] });
    atEnd(t, () => browser.close());
    const viewer = Object.assign(new Viewer(), { name, page: await browser.page(`(${inside})({ tireless: true })`) });
    await viewer.page.go(`${base}/watch/show${SWARM ? '' : '?p2p=off'}`);
    return viewer;
  }

  stats() {
    return this.page.evaluate(() => ({ ...window.shoalTest.player().stats }));
  }

  standstill() {
    return this.page.evaluate(() => window.shoalTest.standstill);
  }

  /** The lines of the picture, what is chosen, and what came from peers so far. */
  seen() {
    return this.page.evaluate(() => {
      const player = document.querySelector('shoal-player');
      const { bytesFromPeers, bytesFromEdge, linksLost, peers, stalls } = player.stats;
      return { height: player.video.videoHeight, chosen: player.shadowRoot.querySelector('.quality').selectedOptions[0]?.text, bytesFromPeers, bytesFromEdge, linksLost, peers, stalls };
    });
  }

  /** Chooses in the menu; '' is for the player to choose. */
  choose(name) {
    return this.page.evaluate(`() => {
      const menu = document.querySelector('shoal-player').shadowRoot.querySelector('.quality');
      menu.value = [...menu.options].find((option) => option.text === ${JSON.stringify(name)})?.value ?? '-1';
      menu.dispatchEvent(new Event('change'));
    }`);
  }
}

test('a swarm in networks of its own changes the quality by hand, and by a narrow link', { timeout: 260_000 }, async (t) => {
  const shoal = await up(t, { demo: false, stream: 'show', args: ['-ladder', '180p'] });
  push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
  await until('both renditions', async () => (await (await fetch(`${shoal.base}/live/show/index.m3u8`)).text()).split('#EXT-X-STREAM-INF').length === 3, { seconds: 20 });
  const lab = await Lab.start(t, { viewers: 4, uplink: 0, delay: 20, slot: 10, downlink: NARROW });
  const base = shoal.base.replace('127.0.0.1', lab.server);
  const viewers = [];
  for (const [i, { namespace }] of lab.places.entries()) {
    viewers.push(await Viewer.open(t, `viewer${i + 1}`, namespace, base));
    await until('a picture', async () => (await viewers[i].seen()).height > 0, { seconds: 60 });
  }
  const all = () => Promise.all(viewers.map((v) => v.seen()));
  const seen = (height, what, seconds) => until(what, async () => (await all()).every((v) => v.height === height), { seconds, every: 100 });
  if (SWARM) await until('links between all', async () => (await all()).every((v) => v.peers === 3), { seconds: 60 });
  await seen(360, 'the better quality, which the player chooses', 20);
  await pass(2);
  const before = await all();

  for (const height of [180, 360]) {
    const chosen = Date.now();
    await Promise.all(viewers.map((v) => v.choose(`${height}p`)));
    await seen(height, `${height} lines`, 15);
    const [shown, from] = [Date.now(), await all()];
    if (SWARM) await until('bytes of peers', async () => (await all()).every((v, i) => v.bytesFromPeers > from[i].bytesFromPeers + 20_000), { seconds: 10, every: 100 });
    const resumed = Date.now() - shown;
    t.diagnostic(`${height}p is seen by all ${shown - chosen} ms after it was chosen, and comes from peers to all ${resumed} ms after that`);
    assert.ok(resumed <= 5000, `peers gave nothing for ${resumed} ms`);
  }
  await Promise.all(viewers.map((v) => v.choose('')));
  await pass(3);
  const auto = await all();
  assert.ok(auto.every((v) => v.height === 360 && /^Auto( \(360p\))?$/.test(v.chosen)), JSON.stringify(auto));

  lab.narrow();
  const began = Date.now();
  const trace = viewers.map(() => []); // [milliseconds, lines]
  let last = auto;
  while (Date.now() - began < 60_000) {
    const now = await all();
    now.forEach((v, i) => v.height !== last[i].height && trace[i].push([Date.now() - began, v.height]));
    last = now;
    await pass(0.25);
  }
  const growth = last.map((v, i) => ({ peers: v.bytesFromPeers - auto[i].bytesFromPeers, edge: v.bytesFromEdge - auto[i].bytesFromEdge }));
  t.diagnostic(`in 60 s from when the last one's downlink is ${NARROW / 1000} kbit/s on: changes ${trace.map((changes) => JSON.stringify(changes)).join(' ')}; ` +
    `of the bytes peers gave ${growth.map(({ peers, edge }) => (peers / (peers + edge)).toFixed(2)).join(' ')}`);
  assert.deepEqual([trace[3].length > 0, last[3].height], [true, 180], 'the narrow one goes down');
  assert.ok(trace.every((changes) => changes.length <= 2), 'the quality flaps');
  assert.deepEqual(trace.slice(0, 3), [[], [], []], 'others are disturbed');
  assert.deepEqual(last.map((v) => v.linksLost), before.map((v) => v.linksLost), 'a link was lost');
  await noStalls(t, viewers.slice(0, 3), 'while the quality was chosen by hand, and while the last one had a narrow downlink');
  const { stalledSeconds, slowedSeconds, p2p, peers } = await viewers[3].stats();
  t.diagnostic(`the narrow one played slowly for ${slowedSeconds.toFixed(2)} s and stood still for ${stalledSeconds.toFixed(2)} s, ${last[3].stalls - auto[3].stalls} times`);
  assert.ok(stalledSeconds < STANDS_STILL, `the narrow one stood still for ${stalledSeconds} s`);
  const speeds = await Promise.all(viewers.map((v) => v.page.evaluate(() => document.querySelector('shoal-player').video.playbackRate)));
  assert.ok(speeds.every((speed) => speed >= 0.95), `it goes on slowly: ${speeds}`);
  if (!SWARM) return;
  assert.deepEqual([p2p, peers], ['on', 3], 'the narrow one is in the swarm again');

  const stood = (await viewers[2].stats()).stalledSeconds;
  lab.narrow();
  await until('the second one to go down', async () => (await viewers[2].seen()).height === 180, { seconds: 20, every: 50 });
  const [down, from] = [Date.now(), await all()];
  const given = async () => (await all()).slice(2).map((v, i) => v.bytesFromPeers - from[i + 2].bytesFromPeers); // one of the two may fetch for both
  await until('bytes of peers', async () => (await given()).some((bytes) => bytes > 20_000), { seconds: 20, every: 50 });
  const resumed = (Date.now() - down) / 1000;
  const second = await viewers[2].stats();
  t.diagnostic(`${resumed.toFixed(1)} s after the second went down the two have bytes of each other (${(await given()).join(' and ')}); it played slowly for ${second.slowedSeconds.toFixed(2)} s and stood still for ${(second.stalledSeconds - stood).toFixed(2)} s`);
  assert.ok(resumed <= RESUMES, `peers gave nothing for ${resumed} s`);
  assert.ok(second.stalledSeconds - stood < STANDS_STILL, `the second one stood still for ${second.stalledSeconds - stood} s`);
});
