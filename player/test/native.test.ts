import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Native } from '../src/native.ts';
import { OBSTACLES } from '../src/obstacle.ts';

// A video element that a browser plays HLS in by itself: what can be seeked in goes up to `end`, null for nothing yet.
function playing(end: number | null): { native: Native; video: EventTarget & { currentTime: number } } {
  const video = Object.assign(new EventTarget(), {
    paused: false, currentTime: 40, playbackRate: 1, readyState: 4,
    buffered: { length: 1, start: () => 38, end: () => 43 },
    seekable: { length: end === null ? 0 : 1, end: () => end ?? NaN },
    getVideoPlaybackQuality: () => ({ droppedVideoFrames: 3 }),
  });
  return { native: new Native(video as unknown as HTMLVideoElement), video };
}

test('what the browser plays by itself is told as far as it is seen', () => {
  const { native } = playing(50);
  const { bufferSeconds, droppedFrames, p2p, refusal, bytesFromEdge, latencySeconds } = native.stats;
  assert.deepEqual({ bufferSeconds, droppedFrames, p2p, refusal, bytesFromEdge, latencySeconds }, { bufferSeconds: 3, droppedFrames: 3, p2p: 'off', refusal: OBSTACLES.native, bytesFromEdge: 0, latencySeconds: 0 });
});

test('live is the end of what can be seeked in', () => {
  const near = playing(46);
  assert.equal(near.native.atLive, true);
  const far = playing(90);
  assert.equal(far.native.atLive, false);
  far.native.jump();
  assert.deepEqual([far.video.currentTime, far.native.atLive], [90, true]);
});

for (const end of [null, Infinity]) {
  test(`where ${end === null ? 'nothing' : 'no end'} is told, the playhead stays`, () => {
    const { native, video } = playing(end);
    native.jump();
    assert.deepEqual([video.currentTime, native.atLive], [40, true]);
  });
}
