// Playback: when it loads the stream, when it only asks, and what it says meanwhile.

import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import Hls from 'hls.js';
import { Playback } from '../src/playback.ts';
import { far, type Listed, listed, Video, watching } from './world.ts';

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

test('that the server is not reached is told as soon as it is known of a picture that stands', async (t) => {
  const { playback, stream, pass } = await watching(t);
  t.mock.method(globalThis, 'fetch', () => Promise.reject(new TypeError('refused')));
  await pass(4);
  assert.equal(playback.state, 'playing', 'a picture that moves speaks for itself');
  stream.moving = false;
  await pass(2);
  assert.deepEqual([playback.state, playback.lost], ['connecting', true]);
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

for (const [what, state, made] of [['live', 'live', true], ['away', 'interrupted', true], ['live, but not to be played yet', 'live', false]] as const) {
  test(`nothing at the address of a stream that is ${what}`, async (t) => {
    const warned = t.mock.method(console, 'warn', () => undefined);
    const { playback, video, stream, pass } = await watching(t);
    const ask = globalThis.fetch;
    t.mock.method(globalThis, 'fetch', async (url: string | URL, init?: RequestInit) => (String(url).includes('/live/') ? new Response('', { status: 404 }) : ask(url, init)));
    stream.state = state;
    if (!made) stream.renditions = [];
    stream.moving = false;
    let told = 0;
    const go = async (seconds: number): Promise<void> => {
      for (let i = 0; i < seconds; i++) {
        if (video.loads > told) {
          told = video.loads;
          video.tell('error');
        }
        await pass(1);
      }
    };
    await go(20);
    assert.deepEqual([playback.state, warned.mock.callCount()], state !== 'live' ? ['away', 0] : made ? ['unreadable', 1] : ['connecting', 0]);
    const { loads } = video;
    await go(20);
    assert.equal(video.loads > loads, state === 'live', 'it is tried again, gently');
    t.mock.method(globalThis, 'fetch', ask);
    stream.state = 'live';
    stream.moving = true;
    await pass(8);
    assert.equal(playback.state, 'playing');
  });
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

interface Late {
  playback: Playback;
  video: Video;
  hls: Hls;
  list(): void; // a playlist has come
}

// late returns a viewer who opens a stream that lists so much, and is in a state, as the server tells now or later. A playlist has come.
async function late(t: TestContext, media: Listed, src = '/live/demo/index.m3u8', state: string | Promise<string> = 'live'): Promise<Late> {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  listed(t, media);
  let hls: Hls | null = null;
  t.mock.method(Hls.prototype, 'attachMedia', function (this: Hls) {
    hls = this;
  });
  Object.assign(globalThis, { document: Object.assign(new EventTarget(), { baseURI: 'http://edge/' }), fetch: async () => Response.json({ state: await state, publicKey: '', lastMsn: 7 }) });
  const video = new Video();
  Object.assign(video, { paused: true, readyState: 0, currentTime: 0 });
  const playback = new Playback(video as unknown as HTMLVideoElement, src, {}, () => undefined);
  t.after(() => {
    playback.close();
    mock.timers.reset();
  });
  playback.start();
  await video.play();
  const list = (): void => {
    for (const heard of (hls as unknown as Hls).listeners(Hls.Events.LEVEL_LOADED).slice(-1)) (heard as () => void)(); // ours
  };
  list();
  return { playback, video, hls: hls as unknown as Hls, list };
}

const calls = (method: unknown): unknown[][] => (method as { mock: { calls: { arguments: unknown[] }[] } }).mock.calls.map(({ arguments: given }) => given);

test('who comes when a stream is over is told at once, and nothing is loaded', async (t) => {
  const { playback, video, hls, list } = await late(t, { live: false, edge: 136, fragmentStart: 120, latency: 0 });
  assert.deepEqual([playback.state, video.paused, calls(hls.stopLoad).length], ['ended', true, 1]);
  playback.goLive();
  await video.play();
  assert.deepEqual([calls(hls.startLoad), playback.following], [[[120]], false], 'who wants to see what is left sees it');
  video.tell('playing');
  list();
  assert.deepEqual([playback.state, video.paused], ['playing', false]);
});

test('and so is he where only the server tells, before the playlist or after it', async (t) => {
  const { playback, video, hls, list } = await late(t, { live: true, edge: 16, latency: 0 }, undefined, 'ended');
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  assert.deepEqual([playback.state, video.paused, calls(hls.stopLoad).length], ['ended', true, 1]);
  list(); // hls.js has begun to load it
  assert.deepEqual([playback.state, calls(hls.stopLoad).length], ['ended', 2]);
  await video.play();
  list();
  assert.deepEqual([calls(hls.startLoad), calls(hls.stopLoad).length, video.paused], [[[0]], 2, false]);
});

test('what is left is there to be seen, however early the end was told', async (t) => {
  let told = (_: string): void => undefined;
  const media = { live: true, edge: 16, latency: 0 };
  const { playback, video, hls, list } = await late(t, media, undefined, new Promise((settle) => (told = settle)));
  Object.defineProperty(hls, 'latestLevelDetails', { configurable: true, value: null });
  told('ended');
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  assert.deepEqual([playback.state, calls(hls.stopLoad).length], ['ended', 0], 'the playlist is on its way');
  Reflect.deleteProperty(hls, 'latestLevelDetails');
  list();
  assert.deepEqual([playback.state, calls(hls.stopLoad).length], ['ended', 1]);
  await video.play();
  media.live = false;
  list(); // which has an end by now
  assert.deepEqual([calls(hls.startLoad), calls(hls.stopLoad).length, video.paused], [[[0]], 1, false]);
});

test('and sees a place of a long window by going there', async (t) => {
  const { playback, video, hls } = await late(t, { live: false, edge: 300, fragmentStart: 120, latency: 0 });
  playback.seek(200);
  assert.deepEqual([calls(hls.startLoad), video.paused], [[[200]], false]);
});

test('once it is on again, it plays by itself', async (t) => {
  const media = { live: false, edge: 136, latency: 0 };
  const { playback, video, hls, list } = await late(t, media);
  Object.assign(globalThis, { fetch: async () => Response.json({ state: 'live', publicKey: '', lastMsn: 9, renditions: [{}] }) });
  for (let i = 0; i < 50; i++) {
    mock.timers.tick(100);
    for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  }
  media.live = true;
  list();
  assert.deepEqual([playback.state, video.paused, calls(hls.loadSource).length], ['connecting', false, 2]);
});

test('a late answer that it is over takes the picture from nobody who watches', async (t) => {
  let told = (_: string): void => undefined;
  const { playback, video, hls } = await late(t, { live: true, edge: 16, latency: 0 }, undefined, new Promise((settle) => (told = settle)));
  Object.assign(video, { readyState: 4, currentTime: 14 });
  video.tell('playing');
  told('ended');
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  assert.deepEqual([playback.state, video.paused, calls(hls.stopLoad).length], ['playing', false, 0]);
});

test('nor does it say anything of what was loaded since', async (t) => {
  let told = (_: string): void => undefined;
  const media = { live: false, edge: 136, latency: 0 };
  const { playback, video, hls } = await late(t, media, undefined, new Promise((settle) => (told = settle)));
  Object.assign(globalThis, { fetch: async () => Response.json({ state: 'live', publicKey: '', lastMsn: 9, renditions: [{}] }) });
  for (let i = 0; i < 40; i++) {
    mock.timers.tick(100);
    for (let turns = 0; turns < 10; turns++) await Promise.resolve();
  }
  media.live = true;
  told('ended');
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
  assert.deepEqual([playback.state, video.paused, calls(hls.loadSource).length], ['connecting', false, 2]);
});

test('a stream that is on is played, and so is a recording, and what is no stream of this server', async (t) => {
  for (const [media, src] of [
    [{ live: true, edge: 136, latency: 0 }, '/live/demo/index.m3u8'], [{ live: false, type: 'VOD', edge: 16, latency: 0 }, '/live/demo/index.m3u8'],
    [{ live: false, edge: 16, latency: 0 }, '/elsewhere/index.m3u8'],
  ] as const) {
    const { playback, video, hls } = await late(t, media, src);
    assert.deepEqual([playback.state, video.paused, calls(hls.stopLoad).length], ['connecting', false, 0]);
    playback.close();
    t.mock.restoreAll();
  }
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

test('a stream has sound where the media that came last has', async (t) => {
  const { playback, hls } = await far(t);
  assert.equal(playback.sound, true, 'not known');
  const track = { container: 'video/mp4', codec: '', id: 'main' as const };
  for (const [tracks, sound] of [['video', false], ['audiovideo', true], ['video', false], ['audio', true]] as const) {
    hls().trigger(Hls.Events.BUFFER_CODECS, { [tracks]: track });
    assert.equal(playback.sound, sound, tracks);
  }
});

test('who has seen nothing yet is told that the server does not answer hls.js', async (t) => {
  for (const [code, lost] of [[0, true], [undefined, true], [502, true], [410, false]] as const) {
    listed(t, null);
    let hls: Hls | null = null;
    t.mock.method(Hls.prototype, 'attachMedia', function (this: Hls) {
      hls = this;
    });
    Object.assign(globalThis, { document: Object.assign(new EventTarget(), { baseURI: 'http://edge/' }), fetch: () => Promise.reject(new Error('not asked')) });
    const playback = new Playback(new Video() as unknown as HTMLVideoElement, '/elsewhere/index.m3u8', {}, () => undefined);
    playback.start();
    const response = code === undefined ? undefined : { code, url: '', data: undefined };
    (hls as unknown as Hls).trigger(Hls.Events.ERROR, { type: Hls.ErrorTypes.NETWORK_ERROR, details: Hls.ErrorDetails.MANIFEST_LOAD_ERROR, fatal: true, error: new Error('no'), ...(response ? { response } : {}) });
    assert.deepEqual([playback.state, playback.lost], ['connecting', lost], String(code));
    playback.close();
  }
});
