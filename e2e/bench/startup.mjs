// Measures how soon a watch page plays, with the swarm and without it by turns, and how soon it answers on a processor that is four times slower:
//
//   ./run --with node bench/startup.mjs [-runs 20] [-others 2] [-slowdown 4] [-settle 3] [-kbps K] [-json]
//
// The others watch while it is seen how soon it plays, so that there is a swarm to join; while it is seen how soon it answers they have gone, since what
// they decode is work of this machine and not of the page. Each page is one context of the same browser, which has played the stream once
// before anything is measured. A page that is measured is closed before the next is opened, some seconds later: it is the swarm's leaving that
// takes those. Which kind is first changes from one pair to the next. The stream is the demo, or one of 1280x720 with so many kbit/s.

import { makeClip, push } from '../harness/broadcaster.mjs';
import { crowding } from '../harness/machine.mjs';
import { up } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';
import { Chromium } from './chromium.mjs';
import { median, rounded } from './figures.mjs';
import { answering } from './interactive.mjs';
import { options } from './options.mjs';
import { Viewer } from './viewer.mjs';

const BUDGET = { addedMillis: 50, interactiveMillis: 1000 };
const QUIET = 5; // seconds without a long task, after which a page counts as at rest
const defaults = { runs: 20, others: 2, slowdown: 4, settle: 3, kbps: 0, json: false };

function read(args) {
  const o = options(args, defaults);
  for (const [name, least, most] of [['runs', 1, 200], ['others', 0, 30]]) {
    if (!Number.isInteger(o[name]) || o[name] < least || o[name] > most) throw new Error(`-${name} wants a whole number from ${least} to ${most}`);
  }
  if (o.slowdown < 1 || o.slowdown > 20) throw new Error('-slowdown wants a number from 1 to 20');
  if (o.kbps < 0 || o.kbps > 50_000) throw new Error('-kbps wants kbit/s, up to 50,000; 0 is the demo');
  if (o.settle < 0 || o.settle > 60) throw new Error('-settle wants seconds, 0 to 60');
  return o;
}

const say = (text) => process.stderr.write(`${text}\n`);

/** Opens the page once; how soon it plays, by its own count and by ours. */
async function start(browser, url, p2p) {
  const viewer = await Viewer.make(browser, p2p ? 'a viewer in the swarm' : 'a viewer outside', { p2p });
  await viewer.open(url);
  const pictureMillis = await viewer.moving();
  const { startupMillis } = await viewer.stats();
  if (p2p) await until('it to be in the swarm', async () => /^(on|resting)$/.test((await viewer.stats()).p2p), { seconds: 20 });
  await viewer.page.close();
  return { startupMillis, pictureMillis };
}

/** Opens the page on a slow processor; when its controls answer, and when its main thread is at rest. */
async function answer(browser, url, slowdown) {
  const page = await browser.page(`(${answering})()`);
  await page.command('Emulation.setCPUThrottlingRate', { rate: slowdown });
  await page.go(url);
  const seen = () => page.evaluate(() => window.shoalAnswer);
  await until('the controls to answer', async () => (await seen())?.answersMillis > 0, { seconds: 40, every: 200 });
  const first = await seen();
  await pass(QUIET);
  const { tasks, now } = await seen();
  await page.close();
  const rest = tasks.filter(({ start, millis }) => start + millis > first.paintMillis);
  const before = rest.filter(({ start }) => start < first.answersMillis);
  const end = (list) => list.reduce((latest, { start, millis }) => Math.max(latest, start + millis), first.paintMillis);
  return {
    paintMillis: first.paintMillis, answersMillis: first.answersMillis, interactiveMillis: Math.max(first.answersMillis, end(before)),
    longestTaskMillis: Math.max(0, ...rest.map(({ millis }) => millis)), lastLongTaskMillis: rest.length > 0 ? end(rest) : 0, seenMillis: now,
  };
}

async function measure(o) {
  const ends = [];
  const t = { after: (end) => ends.unshift(end) };
  try {
    const name = o.kbps > 0 ? 'show' : 'demo';
    const shoal = await up(t, { demo: o.kbps === 0, stream: 'show' });
    if (o.kbps > 0) push(t, `${shoal.rtmp}/${shoal.key}`, await makeClip({ kbps: o.kbps, seconds: 60 }), { loop: true });
    await shoal.live(name);
    const browser = new Chromium();
    ends.unshift(() => browser.close());
    await browser.command('Browser.getVersion'); // it is up
    const url = `${shoal.base}/watch/${name}`;
    await start(browser, url, false); // what a browser does once
    const others = [];
    for (let i = 0; i < o.others; i++) {
      const other = await Viewer.make(browser, `other ${i + 1}`, { p2p: true });
      await other.open(url);
      await other.moving();
      others.push(other);
    }
    const swarm = [];
    const control = [];
    for (let i = 0; i < o.runs; i++) {
      for (const p2p of i % 2 ? [false, true] : [true, false]) {
        (p2p ? swarm : control).push(await start(browser, url, p2p));
        await pass(o.settle);
      }
      say(`${i + 1} of ${o.runs}: ${swarm.at(-1).startupMillis.toFixed(0)} ms with the swarm, ${control.at(-1).startupMillis.toFixed(0)} ms without`);
    }
    for (const other of others) await other.page.close();
    await pass(o.settle);
    const slow = [];
    for (let i = 0; i < o.runs; i++) {
      slow.push(await answer(browser, url, o.slowdown));
      await pass(o.settle);
    }
    const middle = (runs) => Object.fromEntries(Object.keys(runs[0]).map((name) => [name, median(runs.map((run) => run[name]))]));
    const [own, without, answers] = [middle(swarm), middle(control), middle(slow)];
    return rounded({
      viewers: o.others + 1, startups: o.runs, startupMillis: own.startupMillis, pictureMillis: own.pictureMillis, addedMillis: own.startupMillis - without.startupMillis,
      control: without, slow: { slowdown: o.slowdown, ...answers }, budget: BUDGET,
      kept: { added: own.startupMillis - without.startupMillis <= BUDGET.addedMillis, interactive: answers.interactiveMillis <= BUDGET.interactiveMillis },
      runs: swarm.map((run, i) => ({ ...run, control: control[i], slow: slow[i] })),
    });
  } finally {
    for (const end of ends) await end();
  }
}

function describe(r) {
  const line = (label, ...values) => label.padEnd(34) + values.map((value) => (typeof value === 'number' ? value.toFixed(0) : value).padStart(10)).join('');
  const word = (kept) => (kept ? 'kept' : 'NOT KEPT');
  return [
    `Medians of ${r.startups} pages each, by turns, beside ${r.viewers - 1} other viewers. ${crowding()}.`, '',
    line('', 'swarm', 'without', 'added'),
    line('the player starts after, ms', r.startupMillis, r.control.startupMillis, r.addedMillis),
    line('the picture moves after, ms', r.pictureMillis, r.control.pictureMillis, r.pictureMillis - r.control.pictureMillis),
    `Budget: at most ${r.budget.addedMillis} ms added: ${word(r.kept.added)}.`, '',
    `On a processor ${r.slow.slowdown} times slower, nobody else watching:`,
    line('something is painted after, ms', r.slow.paintMillis),
    line('a click is answered after, ms', r.slow.answersMillis),
    line('interactive after, ms', r.slow.interactiveMillis),
    line('the longest task, ms', r.slow.longestTaskMillis),
    line('the last long one ends after, ms', r.slow.lastLongTaskMillis),
    `Budget: interactive within ${r.budget.interactiveMillis} ms: ${word(r.kept.interactive)}.`,
  ].join('\n');
}

for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143]]) process.on(signal, () => process.exit(status));
try {
  const o = read(process.argv.slice(2));
  const limit = 120 + o.runs * (3 * (o.settle + 25) + QUIET);
  setTimeout(() => {
    say(`bench startup: not done after ${limit} s; ended.`);
    process.exit(1);
  }, limit * 1000).unref();
  const report = await measure(o);
  console.log(describe(report));
  if (o.json) console.log(JSON.stringify(report));
} catch (error) {
  say(`bench startup: ${error.message}${error.cause ? ` (${error.cause.message})` : ''}`);
  process.exitCode = 1;
}
