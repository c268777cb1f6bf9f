// Chromium, and viewers in it: one context each, with the page's errors kept. An error on a page's console that was not
// expected fails the test.

import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { chromium } from 'playwright-core';

import { atEnd } from './ends.mjs';
import { inside } from './inside.mjs';
import { crowding } from './machine.mjs';
import { logs } from './process.mjs';
import { until } from './until.mjs';

// What each window of Chromium 156 loads for its address bar, two pages of their own: an empty page took 2.7 s of processor time with them, and 0.8 without.
const ADDRESS_BAR = 'WebUIOmniboxPopup,WebUIOmniboxAimPopup';
const without = (features) => `--disable-features=${features}`;

/** What Chromium is started with. */
export const flags = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', without(`WebRtcHideLocalIpsWithMdns,${ADDRESS_BAR}`),
  '--allow-loopback-in-peer-connection', '--autoplay-policy=no-user-gesture-required', '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
];

/** Starts Chromium for a test. With mDNS it hides its own addresses behind names, as it does for everybody. */
export async function launch(t, { args = [], mdns = false } = {}) {
  const own = mdns ? [...flags.filter((flag) => !flag.includes('WebRtcHideLocalIpsWithMdns')), without(ADDRESS_BAR)] : flags;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: [...own, ...args],
  });
  atEnd(t, () => browser.close());
  let count = 0;
  /**
   * Opens a page in a context of its own. `before` is given the page before it goes anywhere. Unless tireless is false,
   * its player stays in the swarm when the machine is too busy for that.
   */
  const open = async (url, { hash = false, tireless = true, before, expected = [], ...context } = {}) => {
    const viewer = new Viewer(t, `viewer${++count}`, expected);
    await viewer.open(browser, url, { hash, tireless, before, context: { viewport: { width: 640, height: 480 }, ...context } });
    return viewer;
  };
  return { open };
}

/** Options of a viewer without the swarm, the control of a fault test. */
export const alone = {
  before: (page) => page.addInitScript(() => {
    delete window.RTCPeerConnection;
    delete window.webkitRTCPeerConnection;
  }),
};

export class Viewer {
  #expected;
  #log;

  constructor(t, name, expected) {
    this.name = name;
    this.errors = [];
    this.#expected = expected;
    this.#log = join(logs, `${basename(process.argv[1], '.test.mjs')}-${name}.log`);
    atEnd(t, () => {
      this.closing = true;
      assert.deepEqual(this.errors, [], `errors on the console of ${name}`);
    });
  }

  async open(browser, url, { hash, tireless, before, context }) {
    this.context = await browser.newContext(context);
    const page = (this.page = await this.context.newPage());
    page.on('console', (message) => this.#note(message.type(), `${message.text()} (${message.location().url})`));
    page.on('pageerror', (error) => this.#note('error', `uncaught: ${error.stack ?? error}`));
    page.on('requestfinished', (request) => this.#write(`loaded ${request.url()} in ${Math.round(request.timing().responseEnd)} ms`));
    page.on('requestfailed', (request) => this.#write(`failed ${request.url()}: ${request.failure()?.errorText}`));
    page.on('crash', () => this.#note('error', 'the page crashed'));
    await page.addInitScript(inside, { hash, tireless });
    await before?.(page);
    this.began = Date.now();
    this.answer = await page.goto(url, { waitUntil: 'commit' });
  }

  /** From now on, errors that match are none. */
  expect(...patterns) {
    this.#expected.push(...patterns);
  }

  /** A snapshot of the player's property `stats`. */
  stats() {
    return this.page.evaluate(() => ({ ...window.shoalTest.player().stats }));
  }

  p2p() {
    return this.page.evaluate(() => window.shoalTest.player()?.stats?.p2p);
  }

  /** Milliseconds from the opening of the page until two different pictures were seen. */
  async moving(seconds = 15) {
    const at = await until(`${this.name}'s picture to move`, () => this.page.evaluate(() => window.shoalTest.movingAt), { seconds, every: 50 });
    return at - this.began;
  }

  /** The number in the picture and the time of the player: {number, time}. */
  counter() {
    return until(`${this.name}'s counter`, () => this.page.evaluate(() => window.shoalTest.counter()), { seconds: 5, every: 40 });
  }

  /** {time, frames, audioBytes, paused, loaded} of the video element; loaded is when the page was, and stays. */
  playback() {
    return this.page.evaluate(() => {
      const video = window.shoalTest.video();
      return {
        time: video.currentTime,
        frames: video.getVideoPlaybackQuality().totalVideoFrames,
        audioBytes: video.webkitAudioDecodedByteCount,
        size: [video.videoWidth, video.videoHeight],
        muted: video.muted,
        paused: video.paused,
        loaded: performance.timeOrigin,
      };
    });
  }

  /** The loudest sample of the sound over a second. */
  loudness() {
    return this.page.evaluate(() => window.shoalTest.loudness(1200));
  }

  /** The longest time for which the playhead did not move since the picture first did, and how late timers were then: {millis, late}. */
  standstill() {
    return this.page.evaluate(() => window.shoalTest.standstill);
  }

  /** What was given to the player since this was last asked: {url, size, hash}. */
  appended() {
    return this.page.evaluate(() => window.shoalTest.appended.splice(0));
  }

  close() {
    this.closing = true;
    return this.context.close();
  }

  #write(text) {
    appendFileSync(this.#log, `${new Date().toISOString()} ${text}\n`);
  }

  #note(type, text) {
    this.#write(`${type}: ${text}`);
    if (type === 'error' && !this.closing && !this.#expected.some((pattern) => pattern.test(text))) this.errors.push(text);
  }
}

const LATE = 20; // milliseconds: where timers are so late the player would leave the swarm, if it was let (pulse.ts)
const PLENTY = 0.5; // seconds: media that stands still with so much in the buffer waits for no media
const HICCUP = 0.5; // seconds in all: where everything runs on one machine, less of it is told and does not fail a test

/**
 * Fails if a viewer has stalled for long, by the player's count or by ours, or if its playhead ever stood still for a second.
 * What happened with plenty in the buffer, or while the machine had no time even for the page's timers, is the machine's: it is
 * told, and no failure. That there is no stall at all where the machine suffices is for the benchmarks to show.
 */
export async function noStalls(t, viewers, during) {
  const counts = await Promise.all(viewers.map(async (v) => ({
    ...(await v.stats()), standstill: await v.standstill(), waits: (await v.page.evaluate(() => window.shoalTest.waits)).filter((w) => w.millis >= 50),
  })));
  t.diagnostic(`${during}: stalls ${counts.map((c) => c.stalls).join(' ')}, stalled ${counts.map((c) => `${c.stalledSeconds.toFixed(2)} s`).join(' ')}, ` +
    `longest standstill ${counts.map((c) => `${c.standstill.millis} ms`).join(' ')}; ${crowding()}`);
  for (const [i, { waits }] of counts.entries()) {
    const told = waits.map((w) => `at ${w.at} ${w.millis} ms with ${w.ahead} s buffered, timers ${w.late} ms late`);
    if (told.length > 0) t.diagnostic(`${viewers[i].name} waited: ${told.join('; ')}`);
  }
  for (const [i, c] of counts.entries()) {
    const sum = (waits) => waits.reduce((all, w) => all + w.millis, 0) / 1000;
    const excused = sum(c.waits.filter((w) => w.late >= LATE || w.ahead >= PLENTY));
    const seen = Math.max(c.stalledSeconds, sum(c.waits));
    assert.ok(seen - excused < HICCUP, `${viewers[i].name} stalled ${during} for ${seen} s, ${excused} s of it the machine's`);
    assert.ok(c.standstill.millis < 1000 || c.standstill.late >= LATE, `${viewers[i].name}'s playhead stood still for ${c.standstill.millis} ms ${during}`);
  }
  return counts;
}
