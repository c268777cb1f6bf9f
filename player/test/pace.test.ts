import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type Hls from 'hls.js';
import { Pace } from '../src/pace.ts';

interface World {
  hls: EventEmitter & { config: { maxLiveSyncPlaybackRate: number }; media: { playbackRate: number } | null };
  pace: Pace;
  rates(): unknown[]; // of the element, and the most that hls.js may set
}

function world(): World {
  const hls = Object.assign(new EventEmitter(), { config: { maxLiveSyncPlaybackRate: 1.1 }, media: { playbackRate: 1.05 } as { playbackRate: number } | null });
  return { hls, pace: new Pace(hls as unknown as Hls), rates: () => [hls.media?.playbackRate, hls.config.maxLiveSyncPlaybackRate] };
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

test('who has gone back is played at normal speed, whatever others ask for', () => {
  const { pace, rates } = world();
  const [back, stretch, other] = [{}, {}, {}];
  pace.ask(stretch, 0.5);
  pace.steady(back);
  assert.deepEqual(rates(), [1, 1]);
  assert.equal(pace.ask(other, 0.75), false);
  pace.steady(back); // as at each look
  pace.give(back);
  assert.deepEqual(rates(), [0.5, 1], 'who asked before is heard again');
  pace.steady(back);
  pace.give(stretch);
  assert.deepEqual(rates(), [1, 1]);
  pace.give(back);
  assert.deepEqual(rates(), [1, 1.1], 'hls.js has as much as the page gave it');
});

test('a rate that was chosen stays for who has gone back, and hls.js is kept from it', () => {
  const { hls, pace, rates } = world();
  const back = {};
  if (hls.media) hls.media.playbackRate = 2;
  pace.steady(back);
  assert.deepEqual(rates(), [2, 1]);
  pace.give(back);
  assert.deepEqual(rates(), [2, 1.1]);
  hls.config.maxLiveSyncPlaybackRate = 1; // the page's own will: there is nothing to keep it from
  pace.steady(back);
  pace.give(back);
  assert.deepEqual(rates(), [2, 1]);
});

test('an element that is taken away in a stretch goes at normal speed, and the next is stretched', () => {
  const { hls, pace, rates } = world();
  const [who, first, second] = [{}, hls.media, { playbackRate: 1 }];
  pace.ask(who, 0.5);
  hls.emit('hlsMediaDetaching');
  hls.media = null;
  assert.equal(first?.playbackRate, 1);
  hls.media = second;
  hls.emit('hlsMediaAttached');
  assert.deepEqual(rates(), [0.5, 1]);
  hls.emit('hlsMediaDetaching');
  hls.media = null;
  pace.give(who); // while there is none
  hls.media = second;
  hls.emit('hlsMediaAttached');
  assert.deepEqual(rates(), [1, 1.1]);
});

test('the end of it leaves everything as it was, and hears no more', () => {
  const { hls, pace, rates } = world();
  pace.ask({}, 0.5);
  pace.steady({});
  pace.close();
  assert.deepEqual(rates(), [1, 1.1]);
  assert.deepEqual(hls.eventNames(), []);
});
