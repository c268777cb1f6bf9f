// What is said of an address at which hls.js meets an error.

import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import Hls from 'hls.js';
import { Playback } from '../src/playback.ts';
import { listed, Video } from './world.ts';

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
