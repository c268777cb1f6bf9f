// Broadcasts and reads for minutes, with faults, and counts what goes wrong:
//
//   ./run --with node soak/soak.mjs -seconds 600 [-calm] [-after MILLIS] [-json]
//
// One stream comes by RTMP from ffmpeg, whose connection is cut twice; another by WHIP from a peer connection of pion's. The origin is
// killed once and started again: at any moment, or so many milliseconds after a segment of the second was complete. Behind an edge the first is read by hls.js and Shaka Player in Chromium and by ffmpeg, the
// second by hls.js. Both are followed by blocking reloads, each of which two strict parsers read, and by fetching all parts, each of
// which must begin where the one before it ended. What stands still or fails while a fault lasts, and shortly after, is told;
// what does at any other time is an error, but that a viewer who is behind comes to the hole which the killed origin left, once what was buffered is played; and so
// is whatever a parser complains of at any time. One thing alone is excused of them:
// that an origin which was killed, and has its media in memory, does not list them any more, but for the newest two as gaps.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { options } from '../bench/options.mjs';
import { demoClip, makeClip, push } from '../harness/broadcaster.mjs';
import { launch } from '../harness/browser.mjs';
import { atEnd } from '../harness/ends.mjs';
import { crowding } from '../harness/machine.mjs';
import { Process, scratch } from '../harness/process.mjs';
import { addKey, edge, origin, port } from '../harness/shoal.mjs';
import { pass, until } from '../harness/until.mjs';
import { Follower } from './reload.mjs';

const CUT = 4; // seconds that a broadcaster is away
const SETTLE = 15; // seconds after a fault in which readers may still wait and ask again
const HOLE = 3; // seconds by which a viewer still had more than was buffered when the origin was killed
const STILL = 3; // seconds that a picture may stand still at any other time
const tool = join(scratch, 'origin');
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const say = (text) => process.stderr.write(`${text}\n`);

/** Serves the readers' page and their libraries. */
async function pages(t) {
  const files = { '/': 'page.html', '/hls.js': '../../player/node_modules/hls.js/dist/hls.min.js', '/shaka.js': 'node_modules/shaka-player/dist/shaka-player.compiled.js' };
  const at = port();
  const server = createServer(async (request, answer) => {
    const name = files[new URL(request.url, 'http://x').pathname];
    if (!name) return answer.writeHead(404).end();
    answer.writeHead(200, { 'Content-Type': name.endsWith('.html') ? 'text/html' : 'text/javascript' }).end(await readFile(file(name)));
  });
  await new Promise((resolve) => server.listen(at, '127.0.0.1', resolve));
  atEnd(t, () => server.close());
  return `http://127.0.0.1:${at}`;
}

/** A reader in Chromium; what goes wrong is in `errors`: {at, what, fatal}. */
class Page {
  errors = [];
  longest = 0; // milliseconds that the picture stood still
  constructor(name, page) {
    this.name = name;
    this.page = page;
    this.moved = Date.now();
    this.time = -1;
  }

  /** Notes where what is buffered ends, and until when the viewer may come to it: the origin was killed, and there will be a hole. */
  async mark() {
    const { time, ends } = await this.page.evaluate(() => {
      const { currentTime, buffered } = document.querySelector('video');
      return { time: currentTime, ends: Array.from({ length: buffered.length }, (_, i) => buffered.end(i)) };
    });
    this.hole = ends.at(-1);
    this.passed = Date.now() + (this.hole - time + CUT + SETTLE) * 1000;
  }

  /** Tells whether that hole is what hls.js says that it stands at, or steps over: a viewer comes to it when what was buffered is played. */
  atHole({ what, at: when }) {
    if (!(when <= this.passed)) return false;
    const [, at] = /^(?:bufferStalledError: Playback stalling at @|bufferSeekOverHole: .* seeking from |bufferNudgeOnStall: .* from )([\d.]+)/.exec(what) ?? [];
    return Math.abs(at - this.hole) < HOLE;
  }

  /** Looks whether the picture moves; what stands still for long is noted, once each time. */
  async look() {
    const { time, errors } = await this.page.evaluate(() => ({ time: document.querySelector('video').currentTime, errors: window.seen.errors.splice(0) }));
    this.errors.push(...errors);
    const now = Date.now();
    if (time !== this.time) {
      if (this.still) this.errors.push({ at: this.still, until: now, what: `stood still for ${((now - this.still) / 1000).toFixed(1)} s` });
      this.time = time;
      this.moved = now;
      this.still = 0;
    } else {
      this.longest = Math.max(this.longest, now - this.moved);
      if (now - this.moved > STILL * 1000) this.still ||= this.moved;
    }
  }
}

/** Reads with ffmpeg, again whenever it ends; each line that it says is an error. */
class Ffmpeg {
  errors = [];
  name = 'ffmpeg';
  starts = 0;
  constructor(t, url) {
    this.#run(t, url);
    atEnd(t, () => {
      this.over = true;
      return this.process?.end('SIGKILL');
    });
  }

  async #run(t, url) {
    while (!this.over) {
      this.starts++;
      this.process = new Process('reader', 'ffmpeg', ['-nostdin', '-v', 'error', '-i', url, '-f', 'null', '-']);
      this.said = 0;
      const { code } = await this.process.ended;
      await this.look();
      if (!this.over) this.errors.push({ at: Date.now(), what: `ended with ${code}` });
      await pass(1);
    }
  }

  async look() {
    const lines = this.process.output.split('\n');
    for (const what of lines.slice(this.said, -1)) if (what.trim()) this.errors.push({ at: Date.now(), what });
    this.said = lines.length - 1;
  }
}

/** Waits until a stream's open segment is complete, and a moment more. */
async function boundary(source, name, millis) {
  const url = `${source.base}/live/${name}/v0/index.m3u8`;
  const open = Number(/^#EXT-X-PRELOAD-HINT:.*URI="[^"]*s(\d+)\./m.exec(await (await fetch(url)).text())[1]);
  await (await fetch(`${url}?_HLS_msn=${open}`)).text();
  await pass(millis / 1000);
}

async function soak(t, { seconds, calm, after }) {
  const ports = { http: port(), admin: port(), rtmp: port(), webrtc: port() };
  const [clip, browser] = await Promise.all([makeClip(), launch(t)]);
  let source = await origin(t, { stream: 'show', ports });
  const copies = await edge(t, { origin: source, tracker: `ws://127.0.0.1:${port()}/tracker` });
  const { data, key } = source;
  const cameraKey = await addKey(data, 'camera');
  const camera = new Process('camera', tool, ['broadcast', '-whip', `${source.base}/whip/camera`, '-key', cameraKey, '-clip', demoClip]);
  atEnd(t, () => camera.end('SIGTERM'));

  // ffmpeg ends when its connection does; a broadcaster's tool begins anew.
  const publisher = { over: false };
  const publish = async () => {
    while (!publisher.over) {
      publisher.process = push(t, `${source.rtmp}/${key}`, clip, { loop: true });
      await publisher.process.ended;
      await pass(publisher.away ?? 1);
      publisher.away = undefined;
    }
  };
  const publishing = publish();
  atEnd(t, () => {
    publisher.over = true;
    return publishing;
  });
  await Promise.all([copies.live('show', 30), copies.live('camera', 30)]);

  const playlist = (name) => `${copies.base}/live/${name}/index.m3u8`;
  const followers = ['show', 'camera'].map((name) => Object.assign(new Follower(`${copies.base}/live/${name}/v0/index.m3u8`, tool), { name: `playlist of ${name}` }));
  const following = Promise.all(followers.map((f) => f.run()));
  const base = await pages(t);
  await pass(12); // the playlists are as long as they get, or nearly
  const readers = [new Ffmpeg(t, playlist('show'))];
  for (const [player, name] of [['hls.js', 'show'], ['shaka', 'show'], ['hls.js', 'camera']]) {
    const { page } = await browser.open(`${base}/?with=${player}&src=${encodeURIComponent(playlist(name))}`, { expected: [/./] });
    readers.push(new Page(`${player}, ${name}`, page));
  }
  await until('all pages to play', async () => {
    for (const reader of readers.slice(1)) if (!(await reader.page.evaluate(() => window.seen.played))) return false;
    return true;
  }, { seconds: 40 }).catch(async (error) => {
    for (const { name, page } of readers.slice(1)) say(`${name}: ${JSON.stringify(await page.evaluate(() => [window.seen, document.querySelector('video').readyState, window.player?.getStats?.()]))}`);
    throw error;
  });
  for (const reader of readers) if (reader.page) reader.moved = Date.now();

  const began = Date.now();
  const faults = [];
  const cut = async () => {
    publisher.away = CUT;
    await publisher.process.end('SIGKILL');
  };
  const crash = async () => {
    await source.kill();
    await pass(1);
    source = await origin(t, { stream: 'show', data, ports });
  };
  const plan = calm ? [] : [[0.2, 'the broadcaster is cut off', cut], [0.4, 'the broadcaster is cut off', cut], [0.6, 'the origin is killed', crash]];
  while (Date.now() - began < seconds * 1000) {
    for (const reader of readers) await reader.look();
    if (plan.length > 0 && Date.now() - began > plan[0][0] * seconds * 1000) {
      const [, what, make] = plan.shift();
      const fault = { at: Date.now(), what, kills: make === crash };
      faults.push(fault);
      say(`${((fault.at - began) / 1000).toFixed(0)} s: ${what}`);
      if (fault.kills && after >= 0) await boundary(source, 'camera', after);
      if (fault.kills) for (const reader of readers) await reader.mark?.();
      await make();
      fault.until = Date.now() + (CUT + SETTLE) * 1000;
    }
    await pass(0.25);
  }
  for (const follower of followers) follower.end();
  await following;
  return judge(readers, followers, faults, began);
}

/** Sorts what went wrong: errors, and what a fault excuses. */
function judge(readers, followers, faults, began) {
  const of = (e) => faults.some((f) => e.at >= f.at - STILL * 1000 && e.at <= f.until && (e.until ?? 0) <= f.until);
  const told = (e) => `${((e.at - began) / 1000).toFixed(1)} s: ${e.what}`;
  const lost = (e) => /6\.2\.2: segments were removed/.test(e.what) && faults.some((f) => f.kills && e.at >= f.at && e.at <= f.until);
  const report = { readers: {}, playlists: {}, faults: faults.map((f) => told(f)), errors: 0 };
  for (const reader of readers) {
    const { name, errors, starts } = reader;
    const excused = errors.filter((e) => (of(e) || reader.atHole?.(e)) && !e.fatal);
    const rest = errors.filter((e) => !excused.includes(e));
    report.readers[name] = { errors: rest.map(told), longestStandstill: reader.page && reader.longest / 1000, duringFaults: excused.length, of: excused.slice(0, 12).map(told), starts };
    report.errors += rest.length;
  }
  for (const f of followers) {
    const rest = f.errors.filter((e) => !lost(e));
    report.playlists[f.name] = {
      reloads: f.reloads, parts: f.parts, discontinuities: f.discontinuities, refusals: f.refusals, shortAfterRestart: f.errors.length - rest.length,
      count: rest.length, errors: rest.slice(0, 20).map(told),
    };
    report.errors += rest.length;
  }
  return report;
}

for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143]]) process.on(signal, () => process.exit(status));
const ends = [];
try {
  const o = options(process.argv.slice(2), { seconds: 600, calm: false, after: -1, json: false });
  setTimeout(() => process.exit(1), (o.seconds + 180) * 1000).unref();
  const report = { seconds: o.seconds, ...(await soak({ after: (end) => ends.unshift(end) }, o)), machine: crowding() };
  console.log(o.json ? JSON.stringify(report) : JSON.stringify(report, null, 2));
  if (report.errors > 0) process.exitCode = 1;
} catch (error) {
  say(`soak: ${error.stack}${error.cause ? ` (${error.cause.message})` : ''}`);
  process.exitCode = 1;
} finally {
  for (const end of ends) await end();
}
