// Playback where the browser plays HLS itself: when it loads the stream, and when it only asks.

import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import Hls from 'hls.js';
import { Playback } from '../src/playback.ts';

// A video element, as far as it is played in.
class Video extends EventTarget {
  paused = false;
  ended = false;
  readyState = 4;
  currentTime = 10;
  loads = 0;
  playbackRate = 1;

  set src(_url: string) {
    this.loads++;
  }

  canPlayType(): string {
    return 'maybe';
  }

  async play(): Promise<void> {
    this.paused = false;
    this.tell('play');
  }

  removeAttribute(): void {}

  pause(): void {
    this.paused = true;
    this.tell('pause');
  }

  // go is what a viewer does who takes the playhead elsewhere.
  go(to: number): void {
    this.currentTime = to;
    this.tell('seeking', 'seeked');
  }

  // end is what an element does that has played all there is.
  end(): void {
    this.ended = this.paused = true;
    this.tell('pause', 'ended');
  }

  tell(...names: string[]): void {
    for (const name of names) this.dispatchEvent(new Event(name));
  }
}

interface World {
  playback: Playback;
  video: Video;
  stream: { state: string; asked: number; slow: Promise<void> | null; moving: boolean; left: boolean };
  pass(seconds: number): Promise<void>;
}

// watching returns a world in which the stream plays.
async function watching(t: TestContext, loads = 1): Promise<World> {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  const stream = { state: 'live', asked: 0, slow: null as Promise<void> | null, moving: true, left: false };
  Object.assign(globalThis, {
    document: Object.assign(new EventTarget(), { baseURI: 'http://edge/' }),
    fetch: async () => {
      stream.asked++;
      await stream.slow;
      return Response.json({ state: stream.state, publicKey: '', lastMsn: 7 });
    },
  });
  const video = new Video();
  const playback = new Playback(video as unknown as HTMLVideoElement, '/live/demo/index.m3u8', {}, () => undefined);
  t.after(() => {
    playback.close();
    mock.timers.reset();
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < 10 * seconds; i++) {
      now += 100;
      if (stream.moving) video.currentTime += 0.1;
      video.readyState = stream.moving ? 4 : stream.left ? 3 : 2; // left: a frame that does not play
      mock.timers.tick(100);
      for (let turns = 0; turns < 10; turns++) await Promise.resolve();
    }
  };
  playback.start();
  video.tell('playing');
  await pass(3);
  assert.deepEqual([playback.state, video.loads], ['playing', loads]);
  return { playback, video, stream, pass };
}

test('a viewer at the end of a stream comes back with the broadcaster', async (t) => {
  const { playback, video, stream, pass } = await watching(t);
  stream.state = 'ended';
  stream.moving = false;
  video.end();
  await pass(20);
  assert.deepEqual([playback.state, video.loads], ['ended', 1]);
  stream.state = 'live';
  await pass(5);
  assert.deepEqual([playback.state, video.loads], ['connecting', 2]);
});

test('so does one whose picture stood still when the stream ended, and who was told of no end', async (t) => {
  const { playback, video, stream, pass } = await watching(t);
  stream.state = 'ended';
  stream.moving = false;
  await pass(20);
  assert.deepEqual([playback.state, video.loads], ['ended', 1]);
  stream.state = 'live';
  await pass(5);
  assert.deepEqual([playback.state, video.loads], ['connecting', 2]);
});

test('an end is told before a viewer wonders, and that the server may be lost not before', async (t) => {
  const { playback, stream, pass } = await watching(t);
  stream.moving = false;
  await pass(2);
  assert.deepEqual([playback.state, stream.asked > 0], ['playing', true], 'more is to come');
  stream.moving = true;
  await pass(4);
  stream.state = 'ended';
  stream.moving = false;
  await pass(2);
  assert.equal(playback.state, 'ended');
});

test('one that plays what is left after a fatal error still comes back', async (t) => {
  const { playback, video, stream, pass } = await watching(t);
  stream.state = 'interrupted';
  video.tell('error', 'waiting', 'playing');
  await pass(5);
  assert.equal(playback.state, 'playing', 'a picture that moves speaks for itself');
  stream.moving = false;
  await pass(5);
  assert.deepEqual([playback.state, video.loads], ['away', 1]);
  stream.state = 'live';
  await pass(5);
  assert.deepEqual([playback.state, video.loads], ['connecting', 2]);
});

test('there is one poll at a time, whatever there is to poll for', async (t) => {
  const { video, stream, pass } = await watching(t);
  stream.state = 'ended';
  stream.moving = false;
  video.end();
  video.tell('error', 'error');
  await pass(1);
  video.tell('error');
  await pass(1);
  stream.asked = 0;
  await pass(35);
  assert.ok(stream.asked >= 9 && stream.asked <= 24, `asked ${stream.asked} times in 35 s`);
  assert.equal(video.loads, 1);
  let answer = (): void => undefined;
  stream.slow = new Promise((resolve) => (answer = resolve));
  await pass(5);
  video.tell('error'); // while it is asked
  await pass(5);
  stream.state = 'live';
  answer();
  await pass(10);
  assert.equal(video.loads, 2);
});

test('the server of a broadcaster who is away is asked once at a time', async (t) => {
  t.mock.method(Math, 'random', () => 0.5);
  const { playback, video, stream, pass } = await watching(t);
  stream.state = 'interrupted';
  stream.moving = false;
  video.tell('error');
  await pass(10);
  assert.equal(playback.state, 'away');
  stream.asked = 0;
  await pass(35);
  assert.ok(stream.asked >= 14 && stream.asked <= 14 + 10, `asked ${stream.asked} times in 35 s, every 2.5 s to load it and every 3.5 s because it stands`);
});

test('a server that does not answer is slow or lost, which is said after four seconds of standing still', async (t) => {
  const { playback, stream, pass } = await watching(t);
  stream.slow = new Promise(() => undefined);
  await pass(10);
  assert.equal(playback.state, 'playing', 'a picture that moves speaks for itself');
  stream.moving = false;
  await pass(5);
  assert.equal(playback.state, 'connecting');
});

test('who is not let in is told, and comes in with another token', async (t) => {
  const { playback, video, stream, pass } = await watching(t);
  const ask = globalThis.fetch;
  let status = 401;
  t.mock.method(globalThis, 'fetch', async (url: string | URL, init?: RequestInit) => (String(url).includes('/live/') ? new Response('', { status }) : ask(url, init)));
  stream.moving = false;
  video.tell('error');
  await pass(10);
  assert.deepEqual([playback.state, video.loads], ['uninvited', 1]);
  await pass(15); // it knocks
  assert.deepEqual([playback.state, video.loads], ['uninvited', 2]);
  playback.admitted();
  assert.equal(video.loads, 3);
  status = 404;
  stream.state = 'ended';
  video.tell('error');
  await pass(1);
  assert.equal(playback.state, 'ended', 'it is another error now');
});

interface Listed {
  type?: string;
  fragmentStart?: number;
  live: boolean; // false: the playlist has an end
  edge: number;
  latency: number; // which grows with the time since the newest media was listed
}

// listed lets hls.js be there, with a playlist that lists as much as the test says.
function listed(t: TestContext, of: Listed | null): void {
  const stub = (name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(Hls.prototype, name);
    Object.defineProperty(Hls.prototype, name, { configurable: true, ...(typeof value === 'function' ? { get: value as () => unknown } : { value }) });
    t.after(() => Object.defineProperty(Hls.prototype, name, before as PropertyDescriptor));
  };
  t.mock.method(Hls, 'isSupported', () => true);
  t.mock.method(Hls.prototype, 'loadSource', () => undefined);
  t.mock.method(Hls.prototype, 'attachMedia', () => undefined);
  stub('latestLevelDetails', () => of);
  stub('loadingEnabled', () => true);
  stub('targetLatency', () => 1.5);
  stub('latency', () => of?.latency ?? 0);
  stub('liveSyncPosition', () => (of ? of.edge - 0.4 : null));
}

for (const [what, live] of [['a playlist that stays open', true], ['a playlist with an end', false]] as const) {
  test(`at the end of ${what} nothing plays again`, async (t) => {
    const media = { live, edge: 13.1, latency: 1 };
    listed(t, media);
    const { playback, video, stream, pass } = await watching(t, 0);
    stream.state = 'ended';
    stream.moving = false;
    stream.left = true;
    media.latency = 30;
    await pass(4);
    assert.equal(playback.state, 'ended');
    const at = video.currentTime;
    for (let i = 0; i < 5; i++) {
      video.tell('waiting', 'playing'); // a frame is left
      await pass(6);
      assert.deepEqual([playback.state, video.currentTime], ['ended', at]);
    }
    if (!live) return;
    stream.state = 'live';
    media.edge += 4;
    stream.moving = true;
    await pass(4);
    assert.equal(playback.state, 'playing');
  });
}

// far returns a world with a window of minutes, of which the viewer is near the live edge. Time passes with what is listed.
async function far(t: TestContext): Promise<World & { media: Listed; hls(): Hls; on(seconds: number): Promise<void> }> {
  const media: Listed = { live: true, edge: 315, fragmentStart: 15, latency: 1 };
  listed(t, media);
  let hls: Hls | null = null;
  t.mock.method(Hls.prototype, 'attachMedia', function (this: Hls) {
    hls = this;
  });
  const world = await watching(t, 0);
  world.video.currentTime = 314;
  const on = async (seconds: number): Promise<void> => {
    for (let i = 0; i < 2 * seconds; i++) {
      media.edge += 0.5;
      media.latency = media.edge - world.video.currentTime;
      await world.pass(0.5);
    }
  };
  await on(2);
  return { ...world, media, hls: () => hls as unknown as Hls, on };
}

test('a viewer who has gone back stays there at normal speed, until live is asked for', async (t) => {
  const { playback, video, media, hls, on } = await far(t);
  const seconds = (): number => Math.round(media.edge - video.currentTime);
  const config = (): number => hls().config.maxLiveSyncPlaybackRate;
  for (const back of [10, 90]) {
    assert.deepEqual([playback.following, playback.rewound, config()], [true, false, 1.1]);
    playback.seek(media.edge - back);
    video.tell('seeking');
    await on(20);
    assert.ok(Math.abs(seconds() - back) <= 1, `${seconds()} s behind after ${back}`);
    assert.deepEqual([playback.following, playback.rewound, config(), playback.state], [false, true, 1, 'playing']);
    playback.goLive();
    video.tell('seeking');
    await on(2);
    assert.ok(seconds() <= 2);
  }
  video.go(media.edge - 40);
  await on(5);
  video.go(media.edge - 20);
  await on(5);
  assert.equal(seconds(), 20, 'forwards, and still behind');
  video.go(media.edge - 1);
  assert.deepEqual([playback.following, playback.rewound, config()], [true, false, 1.1]);
});

test('one who is behind without having gone there is taken to the live edge', async (t) => {
  const { playback, video, media, on } = await far(t);
  media.edge += 60; // a machine that slept
  await on(6);
  assert.ok(media.edge - video.currentTime < 2);
  assert.ok(playback.following && !playback.rewound);
});

test('where one who has gone back stands still, what is to be played there is asked for again before all else', async (t) => {
  const { video, stream, media, hls, on, pass } = await far(t);
  const asked: (number | undefined)[] = [];
  t.mock.method(Hls.prototype, 'startLoad', (from?: number) => void asked.push(from));
  let loads = 0;
  t.mock.method(Hls.prototype, 'loadSource', () => void loads++);
  video.go(media.edge - 60);
  await on(4);
  const at = video.currentTime;
  stream.moving = false;
  await on(7);
  assert.deepEqual([asked.length, asked[0], loads, hls() !== null], [1, video.currentTime, 0, true]);
  assert.ok(Math.abs(video.currentTime - at) < 1, 'he is left there');
  await on(10);
  assert.equal(loads, 1, 'the stream begins anew');
  await pass(1);
});

test('one who has gone back, and stood still while the broadcaster was away, sees what there is', async (t) => {
  const { playback, video, stream, media, on, pass } = await far(t);
  video.go(media.edge - 60);
  await on(4);
  stream.state = 'interrupted';
  stream.moving = false;
  await pass(2);
  assert.equal(playback.state, 'away');
  stream.moving = true;
  await pass(2);
  assert.equal(playback.state, 'playing');
});

test('the quality that was chosen stands, whatever hls.js makes of an error, and is found again in a stream that is loaded anew', async (t) => {
  const levels = [{ height: 720, bitrate: 2e6, frameRate: 30 }, { height: 360, bitrate: 8e5, frameRate: 30 }];
  const told: [string, number][] = [];
  let auto = true;
  const stand = (name: string, property: PropertyDescriptor): void => {
    const before = Object.getOwnPropertyDescriptor(Hls.prototype, name);
    Object.defineProperty(Hls.prototype, name, { configurable: true, ...property });
    t.after(() => Object.defineProperty(Hls.prototype, name, before as PropertyDescriptor));
  };
  for (const name of ['nextLevel', 'loadLevel']) {
    stand(name, {
      get: () => 0,
      set: (index: number) => {
        told.push([name, index]);
        auto = index < 0;
      },
    });
  }
  stand('levels', { get: () => levels });
  stand('autoLevelEnabled', { get: () => auto });
  const { playback, hls, on } = await far(t);
  const err = (): void => {
    auto = true; // as it does
    for (const heard of hls().listeners(Hls.Events.ERROR).slice(-1)) (heard as (name: string, data: object) => void)('hlsError', { fatal: false });
  };
  err();
  await on(20);
  assert.deepEqual([playback.quality, told], [-1, []], 'nobody has chosen');
  playback.quality = 1;
  assert.deepEqual(told.splice(0), [['nextLevel', 1]]);
  err();
  assert.deepEqual([playback.quality, told.splice(0)], [1, [['loadLevel', 1]]], 'at once');
  for (const [seconds, again] of [[1.5, []], [1, [['loadLevel', 1]]]] as const) {
    if (seconds > 1) err();
    await on(seconds);
    assert.deepEqual(told.splice(0), again, 'the second time, later');
  }
  err();
  await on(3.5);
  assert.deepEqual(told.splice(0), []);
  await on(1);
  assert.deepEqual(told.splice(0), [['loadLevel', 1]], 'and the third time later still');
  await on(60);
  err();
  assert.deepEqual(told.splice(0), [['loadLevel', 1]], 'that is long ago');
  levels.reverse();
  for (const heard of hls().listeners(Hls.Events.MANIFEST_PARSED).slice(-1)) (heard as () => void)(); // ours
  assert.deepEqual([playback.quality, told.splice(0)], [0, [['nextLevel', 0]]]);
  err();
  err();
  told.splice(0);
  playback.quality = -1;
  await on(10);
  assert.deepEqual([playback.quality, told], [-1, [['nextLevel', -1]]], 'the viewer chooses none');
});

// opened returns a playback of an address with which hls.js meets an error, as often as it loads it.
function opened(t: TestContext, src: string, error: object): { playback: Playback; video: Video; loads(): number; mends(): void; pass(seconds: number): void } {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  listed(t, null);
  Object.assign(globalThis, { document: Object.assign(new EventTarget(), { baseURI: 'http://edge/' }), fetch: async () => new Response('', { status: 404 }) });
  const hls: { now: Hls | null } = { now: null };
  t.mock.method(Hls.prototype, 'attachMedia', function (this: Hls) {
    hls.now = this;
  });
  let [loads, broken] = [0, true];
  t.mock.method(Hls.prototype, 'loadSource', function (this: Hls) {
    loads++;
    const data = { type: Hls.ErrorTypes.NETWORK_ERROR, fatal: true, ...error };
    if (broken) queueMicrotask(() => this.trigger(Hls.Events.ERROR, data as never));
  });
  t.mock.method(performance, 'now', () => 1000);
  const video = new Video();
  video.readyState = video.currentTime = 0;
  const playback = new Playback(video as unknown as HTMLVideoElement, src, {}, () => undefined);
  t.after(() => {
    playback.close();
    mock.timers.reset();
  });
  playback.start();
  return { playback, video, loads: () => loads, mends: () => (broken = false), pass: (seconds) => mock.timers.tick(1000 * seconds) };
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

for (const [what, src, error, state] of [
  ['a page', '/watch/demo', { details: Hls.ErrorDetails.MANIFEST_PARSING_ERROR }, 'unreadable'],
  ['a page by the name of a stream', '/live/demo/index.html', { details: Hls.ErrorDetails.MANIFEST_PARSING_ERROR }, 'unreadable'],
  ['nothing', '/live/demo', { details: Hls.ErrorDetails.MANIFEST_LOAD_ERROR, response: { code: 404 } }, 'unreadable'],
  ['a recording that is gone', '/live/demo/recordings/20260501T200000Z/index.m3u8', { details: Hls.ErrorDetails.MANIFEST_LOAD_ERROR, response: { code: 404 } }, 'unknown'],
  ['a stream that nobody knows', '/live/demo/index.m3u8', { details: Hls.ErrorDetails.MANIFEST_LOAD_ERROR, response: { code: 404 } }, 'unknown'],
  ['a server that is gone', '/watch/demo', { details: Hls.ErrorDetails.MANIFEST_LOAD_ERROR, response: { code: 502 } }, 'connecting'],
] as const) {
  test(`at the address is ${what}`, async (t) => {
    const w = opened(t, src, error);
    await turns();
    assert.deepEqual([w.playback.state, w.loads()], [state, 1]);
    for (let i = 0; i < 3; i++) {
      w.pass(5);
      await turns();
      if (what !== 'a page by the name of a stream') assert.equal(w.playback.state, state, 'it is still so');
    }
    if (state !== 'unreadable' || src.startsWith('/live/demo/')) return;
    assert.ok(w.loads() >= 2, 'it is tried again');
    w.mends();
    w.video.tell('playing');
    assert.equal(w.playback.state, 'playing');
  });
}

test('a live stream is not seeked in that lists less than a minute', async (t) => {
  const { playback, media } = await far(t);
  assert.deepEqual(playback.span, { from: 15, to: media.edge, live: true });
  media.fragmentStart = media.edge - 50;
  assert.equal(playback.span, null);
});

test('a recording plays from its beginning to its end, and is neither live nor begun again', async (t) => {
  const media: Listed = { type: 'VOD', live: false, edge: 40, fragmentStart: 0, latency: 30 };
  listed(t, media);
  const { playback, video, stream, pass } = await watching(t, 0);
  const at = video.currentTime;
  await pass(10);
  assert.ok(Math.abs(video.currentTime - at - 10) < 0.01, 'it is taken nowhere');
  playback.goLive();
  assert.ok(Math.abs(video.currentTime - at - 10) < 0.01);
  assert.deepEqual([playback.latency, playback.vod, playback.span], [0, true, { from: 0, to: 40, live: false }]);
  let loads = 0;
  t.mock.method(Hls.prototype, 'loadSource', () => void loads++);
  video.currentTime = 40;
  stream.moving = false;
  video.end();
  await pass(20);
  assert.deepEqual([playback.state, loads], ['ended', 0]);
  video.go(5);
  assert.equal(playback.state, 'playing');
});
