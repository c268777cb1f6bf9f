// Where the playhead may be: back in a live stream, at its edge, and in a recording.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Hls from 'hls.js';
import { far, listed, type Listed, watching } from './world.ts';

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

test('while the server is not reached the last picture stays, though more was listed than came, and what there is is loaded once it is', async (t) => {
  const { playback, video, stream, on, pass } = await far(t);
  const { fetch } = globalThis;
  let loads = 0;
  t.mock.method(Hls.prototype, 'loadSource', () => void loads++);
  globalThis.fetch = () => Promise.reject(new TypeError('refused'));
  stream.moving = false;
  video.readyState = 2;
  const at = video.currentTime;
  await on(2);
  await pass(30);
  assert.deepEqual([playback.state, video.currentTime, loads], ['connecting', at, 0]);
  globalThis.fetch = fetch;
  await pass(60);
  assert.ok(loads > 0, 'it is loaded');
});

test('that the rest is the end is known with the playlist that says so, though more is listed than when the server told of it', async (t) => {
  const { playback, video, stream, media, pass, hls } = await far(t);
  stream.state = 'interrupted';
  stream.moving = false;
  video.currentTime = media.edge - 0.1;
  await pass(2); // it is told of the end
  stream.moving = true;
  video.currentTime = media.edge - 1;
  Object.assign(media, { live: false, edge: media.edge + 0.7 });
  for (const heard of hls().listeners(Hls.Events.LEVEL_LOADED).slice(-1)) (heard as () => void)();
  assert.equal(playback.atEnd, true);
  video.currentTime = media.edge - 3;
  assert.equal(playback.atEnd, false, 'what is more than the rest may be waited for');
});

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
