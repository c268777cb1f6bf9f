// A picture that stands still for want of media: when that is told.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Lull } from '../src/lull.ts';

interface World {
  lull: Lull;
  told: number[]; // at which millisecond
  pass(millis: number, sight?: Partial<Sight>): boolean; // whether there is a lull then
}

interface Sight {
  paused: boolean;
  seeking: boolean;
  readyState: number;
  currentTime: number;
}

// world has a picture that moves. What changes of it is looked at once.
function world(t: TestContext): World {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const video: Sight = { paused: false, seeking: false, readyState: 4, currentTime: 10 };
  const told: number[] = [];
  let now = 0;
  const lull = new Lull(video as HTMLVideoElement, () => told.push(now));
  lull.look();
  return {
    lull, told,
    pass(millis, sight = {}) {
      Object.assign(video, sight);
      lull.look();
      for (const until = now + millis; now < until;) {
        now += 50;
        t.mock.timers.tick(50);
      }
      return lull.on;
    },
  };
}

test('a picture that stands for more than half a second is told of, and one that moves again is not', (t) => {
  const { pass, told, lull } = world(t);
  assert.equal(pass(550, { readyState: 2 }), false);
  assert.equal(pass(2000, { readyState: 4 }), false, 'a short one is not worth a word');
  assert.equal(pass(3000, { readyState: 2 }), true);
  assert.deepEqual(told, [3150], 'by itself, once');
  assert.equal(pass(0, { readyState: 4 }), false);
  assert.equal(lull.stands, false);
});

test('who goes elsewhere waits longer before it is told, also where he goes while it stands', (t) => {
  const { pass } = world(t);
  assert.equal(pass(1950, { readyState: 1, seeking: true }), false);
  assert.equal(pass(50), true);
  assert.equal(pass(0, { readyState: 4, seeking: false }), false);
  assert.equal(pass(500, { readyState: 2 }), false);
  assert.equal(pass(1450, { readyState: 1, seeking: true }), false);
  assert.equal(pass(50), true);
});

test('what is told holds whatever is tried, until it moves or is paused', (t) => {
  const { pass } = world(t);
  assert.equal(pass(600, { readyState: 2 }), true);
  assert.equal(pass(100, { seeking: true, readyState: 1 }), true, 'it is taken to the live edge');
  assert.equal(pass(1000, { seeking: false, readyState: 2 }), true);
  assert.equal(pass(0, { paused: true }), false);
  assert.equal(pass(550, { paused: false }), false);
  assert.equal(pass(50), true);
});

test('before the first picture there is none, nor in another stream before its first', (t) => {
  const { pass, lull } = world(t);
  lull.close();
  assert.equal(pass(5000, { readyState: 1 }), false);
  pass(100, { readyState: 3 });
  assert.equal(pass(600, { readyState: 2 }), true);
  lull.close();
  assert.equal(pass(5000), false);
});
