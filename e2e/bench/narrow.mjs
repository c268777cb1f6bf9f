// Measures what becomes of a viewer whose downlink gets too narrow for what it plays, with the swarm and without it by turns:
//
//   ./run --with node bench/narrow.mjs [-runs 5] [-others 3] [-downlink 700] [-seconds 12] [-trace] [-json]
//
// Each viewer has a network namespace of its own (e2e/lab). The others watch all the time; the viewer that is measured is a page that is opened anew
// each time, by a link that is wide again. The stream has two qualities: the source takes 990 kbit/s, the smaller one about 400. With -trace all
// that the page asks for is told as well.

import { crowding } from '../harness/machine.mjs';
import { demoClip, push } from '../harness/broadcaster.mjs';
import { inside } from '../harness/inside.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';
import { Chromium } from './chromium.mjs';
import { median, rounded } from './figures.mjs';
import { Lab } from './lab.mjs';
import { options } from './options.mjs';

const defaults = { runs: 5, others: 3, downlink: 700, seconds: 12, trace: false, json: false };
const AFTER = 3; // seconds in the swarm, before the link is narrow

function read(args) {
  const o = options(args, defaults);
  for (const [name, least, most] of [['runs', 1, 100], ['others', 1, 15], ['downlink', 1, 100_000], ['seconds', 1, 600]]) {
    if (!(o[name] >= least && o[name] <= most)) throw new Error(`-${name} wants a number from ${least} to ${most}`);
  }
  return o;
}

const say = (text) => process.stderr.write(`${text}\n`);

// Runs in the page: what was seen from its call on.
function watch() {
  const player = window.shoalTest.player();
  const { video } = player;
  const began = performance.now();
  const start = { ...player.stats };
  const at = () => Math.round(performance.now() - began);
  const seen = (window.shoalNarrow = { heights: [], samples: [], requests: [], waits: [] });
  performance.clearResourceTimings();
  new PerformanceObserver((list) => {
    for (const { name, startTime, requestStart, responseStart, responseEnd, transferSize } of list.getEntries()) {
      seen.requests.push([startTime, requestStart, responseStart, responseEnd].map((time) => Math.round(time - began)).concat(transferSize, name.replace(/^.*?\/live\/[^/]+\//, '')));
    }
  }).observe({ type: 'resource' });
  video.addEventListener('waiting', () => seen.waits.push(at()));
  let height = video.videoHeight;
  let rests = start.rests;
  setInterval(() => {
    const { stats } = player;
    if (video.videoHeight !== height) seen.heights.push([at(), (height = video.videoHeight)]);
    if (stats.rests !== rests) seen.toldAfter = at();
    rests = stats.rests;
    seen.stoodStill = stats.stalledSeconds - start.stalledSeconds;
    seen.stalls = stats.stalls - start.stalls;
    seen.slowly = stats.slowedSeconds - start.slowedSeconds;
  }, 20);
  setInterval(() => seen.samples.push([at(), player.stats.bufferSeconds.toFixed(2), video.playbackRate.toFixed(2)]), 200);
}

/** Whether both qualities are listed. */
async function ladder(url) {
  return (await (await fetch(new URL('/live/show/index.m3u8', url))).text()).split('#EXT-X-STREAM-INF').length === 3;
}

/** Opens the page, has the link become narrow, and returns what was seen in so many seconds. */
async function once(lab, browser, url, o, p2p) {
  const page = await browser.page(`(${inside})({ tireless: true })`);
  await page.go(p2p ? url : `${url}?p2p=off`);
  const seen = () => page.evaluate(() => {
    const player = window.shoalTest.player();
    return player?.video.videoHeight ? { height: player.video.videoHeight, ...player.stats } : null;
  });
  await until('the better quality', async () => (await seen())?.height === 360, { seconds: 30 });
  if (p2p) await until('links to all', async () => (await seen()).peers === o.others, { seconds: 30 });
  await pass(AFTER);
  if (!(await ladder(url))) throw new Error('there is no smaller quality any more: the machine is too slow to make it');
  await page.evaluate(watch);
  lab.narrow();
  await pass(o.seconds);
  const found = await page.evaluate(() => window.shoalNarrow);
  lab.widen();
  await page.close();
  await pass(2);
  return found;
}

function told({ stoodStill, stalls, slowly, toldAfter, heights }) {
  const down = heights.find(([, height]) => height < 360)?.[0];
  return { stoodStill, stalls, slowly, toldAfter, down };
}

async function measure(o) {
  const ends = [];
  const t = { after: (end) => ends.unshift(end) };
  try {
    const shoal = await up(t, { demo: false, stream: 'show', args: ['-ladder', '180p'] });
    push(t, `${shoal.rtmp}/${shoal.key}`, demoClip, { loop: true });
    await until('both renditions', () => ladder(shoal.base), { seconds: 20 });
    const lab = await Lab.start(t, { viewers: o.others + 1, uplink: 0, delay: 20, slot: 10, downlink: 1000 * o.downlink });
    const url = `${shoal.base.replace('127.0.0.1', lab.server)}/watch/show`;
    const browsers = lab.places.map(({ namespace }) => new Chromium({ namespace, args: [`--unsafely-treat-insecure-origin-as-secure=${new URL(url).origin}`] }));
    for (const browser of browsers) ends.unshift(() => browser.close());
    const others = [];
    for (const browser of browsers.slice(0, -1)) {
      others.push(await browser.page(`(${inside})({ tireless: true })`));
      await others.at(-1).go(url);
    }
    const linked = (page) => page.evaluate(() => window.shoalTest.player()?.stats?.peers ?? 0);
    await until('links between the others', async () => (await Promise.all(others.map(linked))).every((peers) => peers >= o.others - 1), { seconds: 40 });
    const runs = [];
    for (let i = 0; i < o.runs; i++) {
      const run = {};
      for (const p2p of i % 2 ? [false, true] : [true, false]) {
        const found = await once(lab, browsers.at(-1), url, o, p2p);
        run[p2p ? 'swarm' : 'control'] = told(found);
        if (o.trace && p2p) trace(found);
      }
      runs.push(run);
      say(`${i + 1} of ${o.runs}: ${describeOne('with the swarm', run.swarm)}; ${describeOne('without', run.control)}`);
    }
    return rounded({ downlinkKbps: o.downlink, seconds: o.seconds, stoodStill: middles(runs, 'stoodStill'), slowly: middles(runs, 'slowly'), runs });
  } finally {
    for (const end of ends) await end();
  }
}

const middles = (runs, name) => ({ swarm: median(runs.map(({ swarm }) => swarm[name])), control: median(runs.map(({ control }) => control[name])) });

function describeOne(label, { stoodStill, stalls, slowly, toldAfter, down }) {
  return `${label} stood still for ${stoodStill.toFixed(2)} s (${stalls}), slowly ${slowly.toFixed(2)} s, ${toldAfter ? `told after ${toldAfter}, ` : ''}down after ${down ?? '-'} ms`;
}

function trace({ samples, requests, waits }) {
  say(`  buffer: ${samples.map((sample) => sample.join(' ')).join(' | ')}`);
  say(`  waits: ${waits.join(' ')}`);
  for (const [start, , first, end, size, name] of requests.toSorted((a, b) => a[0] - b[0])) say(`  ${String(start).padStart(6)} ${String(first).padStart(6)} ${String(end).padStart(6)} ${String(size).padStart(7)} ${name}`);
}

function describe(r) {
  const still = r.runs.map(({ swarm }) => swarm.stoodStill.toFixed(2)).join(' ');
  const without = r.runs.map(({ control }) => control.stoodStill.toFixed(2)).join(' ');
  return [
    `From any rate to ${r.downlinkKbps} kbit/s, ${r.runs.length} runs by turns, ${r.seconds} s each. ${crowding()}.`,
    `stood still, s: with the swarm ${still}, without ${without}`,
    `medians, s: stood still ${r.stoodStill.swarm.toFixed(2)} and ${r.stoodStill.control.toFixed(2)}, played slowly ${r.slowly.swarm.toFixed(2)} and ${r.slowly.control.toFixed(2)}`,
  ].join('\n');
}

const o = read(process.argv.slice(2));
const report = await measure(o);
console.log(describe(report));
if (o.json) console.log(JSON.stringify(report));
