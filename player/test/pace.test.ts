import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Hls from 'hls.js';
import { Pace } from '../src/pace.ts';

function world(): { hls: { config: { maxLiveSyncPlaybackRate: number }; media: { playbackRate: number } | null }; pace: Pace; rates(): unknown[] } {
  const hls = { config: { maxLiveSyncPlaybackRate: 1.1 }, media: { playbackRate: 1.05 } };
  return { hls, pace: new Pace(hls as unknown as Hls), rates: () => [hls.media.playbackRate, hls.config.maxLiveSyncPlaybackRate] };
}

test('the slowest that is asked for is played, and hls.js has its way when nobody asks', () => {
  const { pace, rates } = world();
  const [a, b] = [{}, {}];
  assert.equal(pace.ask(a, 0.95), true);
  assert.deepEqual(rates(), [0.95, 1]);
  assert.equal(pace.ask(b, 0.5), true);
  pace.ask(a, 0.9);
  assert.deepEqual(rates(), [0.5, 1]);
  pace.give(b);
  assert.deepEqual(rates(), [0.9, 1]);
  pace.give(b);
  pace.give(a);
  assert.deepEqual(rates(), [1, 1.1]);
});

test('a rate that was chosen stays: before, meanwhile, and where hls.js is not to set it', () => {
  const { hls, pace, rates } = world();
  const who = {};
  if (hls.media) hls.media.playbackRate = 2;
  assert.equal(pace.ask(who, 0.5), false);
  if (hls.media) hls.media.playbackRate = 1;
  assert.equal(pace.ask(who, 0.5), true);
  if (hls.media) hls.media.playbackRate = 1.5;
  pace.ask(who, 0.75);
  assert.deepEqual(rates(), [1.5, 1]);
  pace.give(who);
  assert.deepEqual(rates(), [1.5, 1.1]);
  if (hls.media) hls.media.playbackRate = 1;
  hls.config.maxLiveSyncPlaybackRate = 1;
  assert.equal(pace.ask(who, 0.5), false);
});
