import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type Hls from 'hls.js';
import { Pace } from '../src/pace.ts';
import { Stretch } from '../src/stretch.ts';

interface World {
  media: { playbackRate: number; paused: boolean; seeking: boolean };
  buffered: number;
  late: number;
  pressed: boolean;
  live: boolean;
  stretch: Stretch;
  look(buffered: number): number; // the rate then
}

// world has a player with as much buffered as there should be.
function world(t: TestContext): World {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const media = { playbackRate: 1, paused: false, seeking: false };
  const hls = { on() {}, off() {}, media, config: { maxLiveSyncPlaybackRate: 1.1 }, get latestLevelDetails() { return { live: w.live }; } } as unknown as Hls;
  const w: World = {
    media, buffered: 1, late: 300, pressed: false, live: true,
    stretch: new Stretch(hls, new Pace(hls), { buffered: () => w.buffered, target: () => 1.5, late: () => w.late, pressed: () => w.pressed }),
    look: (buffered) => {
      w.buffered = buffered;
      now += 50;
      t.mock.timers.tick(50);
      return media.playbackRate;
    },
  };
  w.look(1);
  t.after(() => w.stretch.close());
  return w;
}

test('what is buffered is stretched by steps while what comes next is late, and no longer than until there is enough', (t) => {
  const w = world(t);
  assert.deepEqual([0.7, 0.55, 0.4, 0.3, 0.5, 0.7].map(w.look), [1, 0.75, 0.75, 0.5, 0.75, 0.75]);
  assert.equal(w.look(0.85), 1);
  w.look(1);
  assert.equal(w.stretch.slowedSeconds.toFixed(2), '0.25');
  [0.3, 0.3, 0, 0, 0].forEach(w.look);
  assert.equal(w.stretch.slowedSeconds.toFixed(2), '0.30', 'who stands still does not play slowly');
});

test('the last of it lasts ten times as long', (t) => {
  const w = world(t);
  assert.deepEqual([0.2, 0.15, 0.08, 0.07, 0.01].map(w.look), [0.5, 0.25, 0.25, 0.1, 0.1]);
});

test('with a link that seems to be too narrow it begins sooner', (t) => {
  const w = world(t);
  w.pressed = true;
  w.late = 50;
  assert.deepEqual([1.2, 1, 0.7, 0.65, 0.35, 0.3].map(w.look), [1, 0.75, 0.75, 0.5, 0.5, 0.25]);
  w.pressed = false;
  assert.equal(w.look(0.85), 1);
});

test('nothing is stretched where nothing is late, or nothing more comes', (t) => {
  const w = world(t);
  w.late = 200;
  assert.equal(w.look(0.3), 1);
  w.late = 300;
  assert.equal(w.look(0.3), 0.5);
  w.late = 0;
  for (let i = 0; i < 10; i++) w.look(0.3);
  assert.equal(w.look(0.3), 1);
});

test('nor at the beginning, nor while it is paused or sought', (t) => {
  const w = world(t);
  w.look(0);
  assert.equal(w.look(0.3), 1, 'it was never filled since');
  w.look(0.9);
  assert.equal(w.look(0.3), 0.5);
  w.media.paused = true;
  assert.equal(w.look(0.3), 1);
  w.media.paused = false;
  w.media.seeking = true;
  assert.equal(w.look(0.3), 1);
});

test('nor in a recording', (t) => {
  const w = world(t);
  w.live = false;
  assert.equal(w.look(0.3), 1);
});

test('the end gives hls.js its way', (t) => {
  const w = world(t);
  w.look(0.3);
  w.stretch.close();
  assert.equal(w.media.playbackRate, 1);
});
