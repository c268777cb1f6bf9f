// One phase of a run: viewers join, all with the swarm or all without it, and are measured for a while.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { logs } from '../harness/process.mjs';
import { pass } from '../harness/until.mjs';
import { Chromium } from './chromium.mjs';
import { figures } from './figures.mjs';
import { Lab } from './lab.mjs';
import { processorSeconds } from './processor.mjs';
import { Viewer } from './viewer.mjs';

// Seconds from one viewer who joins to the next, at least: in real life those who join do not share a machine. It is no
// multiple of a segment's length, so that they come at all points of one. With the swarm, who comes waits for the one before to be linked, too, but not
// for long.
const PACE = 2.3;
const LINKING = 10; // seconds for which the measurement waits for viewers to be linked with each other
const SETTLING = 5; // seconds that the next one waits for that
const FULL_CELL = 32;

/** The most seconds that a phase may take. */
export const mostSeconds = ({ viewers, seconds }) => seconds + LINKING + 60 * viewers + 60;

/**
 * Runs a phase and returns its figures. `lab` is {uplink, delay} where the network is limited, else null. What each viewer
 * had to say second by second is left in logs/NAME.json, and with `picture` how the last one looks in logs/NAME.png.
 */
export async function phase(shoal, { name, viewers: count, seconds, together, p2p, lab, picture }) {
  const ends = [];
  const t = { after: (end) => ends.unshift(end) };
  try {
    const network = lab && (await Lab.start(t, { viewers: count, ...lab }));
    const base = network ? shoal.base.replace('127.0.0.1', network.server) : shoal.base;
    const browsers = await launch(ends, base, count, network);
    await Promise.all(browsers.map((b) => warmUp(b, `${base}/watch/demo`)));
    const viewers = [];
    for (let i = 0; i < count; i++) viewers.push(await Viewer.make(browsers[i % browsers.length], `viewer ${i + 1}`, { p2p }));

    const snapshot = async () => {
      const [stats, metrics] = await Promise.all([Promise.all(viewers.map((v) => v.stats())), shoal.metrics()]);
      return { at: Date.now(), stats, edge: sent(metrics), cpu: processorSeconds(browsers.map((b) => b.pid)) };
    };
    const start = { edge: sent(await shoal.metrics()) };
    const over = new AbortController();
    ends.unshift(() => over.abort());
    const samples = sampling(viewers, over.signal);
    await joining(viewers, `${base}/watch/demo`, { together, p2p });
    if (!(await viewers[0].secure())) throw new Error('the browser does not trust the page with its cryptography');
    const unlinked = p2p ? await linking(viewers) : 0;
    const before = await snapshot();
    await pass(seconds);
    const after = await snapshot();
    over.abort();
    const waits = await Promise.all(viewers.map((v) => v.waits()));
    writeFileSync(join(logs, `${name}.json`), JSON.stringify({ began: before.at, waits, samples }));
    if (picture) writeFileSync(join(logs, `${name}.png`), await viewers[count - 1].page.picture());
    await Promise.all(browsers.map((b) => b.close()));
    return {
      ...figures({ start, before, samples: samples.filter((s) => s.at > before.at), after, moved: viewers.map((v) => v.movedAfter) }),
      unlinked,
      ...(network && { network: await network.end() }),
    };
  } finally {
    for (const end of ends) await end();
  }
}

// One browser for all, or in the lab one for each, in the viewer's namespace. Pages that are not at localhost get no
// cryptography over plain HTTP unless the browser is told that it may trust them.
async function launch(ends, base, count, network) {
  const browsers = [];
  ends.unshift(() => Promise.all(browsers.map((b) => b.close())));
  const args = network ? [`--unsafely-treat-insecure-origin-as-secure=${base}`] : [];
  for (const { namespace } of network?.places ?? [{}]) {
    browsers.push(new Chromium({ namespace, args }));
    await browsers.at(-1).command('Browser.getVersion'); // it is up
  }
  return browsers;
}

// warmUp has a browser play the stream once, without the swarm: what a browser does once, and what comes from the disk once, is not to
// be taken for the first viewers' startup.
async function warmUp(browser, url) {
  const viewer = await Viewer.make(browser, 'the first to watch', { p2p: false });
  await viewer.open(url);
  await viewer.moving();
  await viewer.page.close();
}

async function joining(viewers, url, { together, p2p }) {
  if (together) {
    await Promise.all(viewers.map((v) => v.open(url)));
    await Promise.all(viewers.map((v) => v.moving()));
  } else {
    for (const viewer of viewers) {
      const settled = pass(PACE);
      await viewer.open(url);
      await viewer.moving();
      await settled;
      if (p2p) await linking(viewers.slice(0, viewers.indexOf(viewer) + 1), SETTLING);
    }
  }
}

// linking waits until all are linked with all of their cell, but not for long; it returns how many are not.
async function linking(viewers, most = LINKING) {
  const wanted = Math.min(viewers.length, FULL_CELL) - 1;
  const limit = Date.now() + most * 1000;
  for (;;) {
    const stats = await Promise.all(viewers.map((v) => v.stats()));
    const unlinked = stats.filter((s) => s.peers < wanted).length;
    if (unlinked === 0 || Date.now() > limit) return unlinked;
    await pass(0.25);
  }
}

// sampling asks all viewers once a second, until the signal comes; the array that it returns at once grows: {at, stats},
// where stats are null of a viewer that is not there yet.
function sampling(viewers, signal) {
  const samples = [];
  const look = async () => {
    const began = Date.now();
    const stats = await Promise.all(viewers.map((v) => v.stats().catch(() => null)));
    if (signal.aborted) return;
    samples.push({ at: began, stats });
    setTimeout(look, Math.max(0, began + 1000 - Date.now()));
  };
  void look();
  return samples;
}

// sent is what the edge has sent so far: media bytes, and requests by their kind.
function sent(metrics) {
  const requests = {};
  for (const kind of ['media', 'playlist', 'page', 'api']) requests[kind] = metrics.sum('shoal_edge_requests_total', { kind });
  return { media: metrics.sum('shoal_edge_sent_bytes_total', { kind: 'media' }), requests };
}
