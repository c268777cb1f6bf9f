import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { Pulse } from '../src/pulse.ts';
import { Rest } from '../src/rest.ts';

interface World { now: number; hidden: boolean; buffered: number; pulse: Pulse; rest: Rest }

let w: World;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setInterval'] });
  w = { now: 0, hidden: false, buffered: 1, pulse: undefined as unknown as Pulse, rest: undefined as unknown as Rest };
  w.pulse = new Pulse({ now: () => w.now, hidden: () => w.hidden, buffered: () => w.buffered });
  w.rest = new Rest(w.pulse, () => 0.5);
  w.pulse.begin();
});

// beats lets timers ring so many times, each so late.
function beats(count: number, late: number): void {
  for (let i = 0; i < count; i++) {
    w.now += 100 + late;
    mock.timers.tick(100);
  }
}

test('late timers and a low buffer, together and for two seconds, are failing', () => {
  assert.ok(w.pulse.calm, 'nothing is known yet');
  beats(30, 8);
  assert.deepEqual([w.pulse.calm, w.pulse.failing], [true, false]);
  w.buffered = 0.2; // a slow network
  beats(30, 8);
  assert.ok(!w.pulse.failing);
  w.buffered = 1; // a page that computes
  beats(30, 60);
  assert.deepEqual([w.pulse.calm, w.pulse.failing], [false, false]);
  w.buffered = 0.2;
  beats(1, 60);
  assert.ok(w.pulse.failing);
  beats(30, 8);
  assert.ok(!w.pulse.failing, 'it is over');
});

test('a moment is not enough', () => {
  w.buffered = 0.2;
  beats(19, 100);
  assert.ok(!w.pulse.failing);
  beats(1, 100);
  assert.ok(w.pulse.failing);
  w.pulse.forget();
  assert.deepEqual([w.pulse.calm, w.pulse.failing], [true, false]);
});

test('one long moment is none of a busy machine', () => {
  beats(20, 5);
  w.buffered = 0.2;
  beats(1, 1500);
  assert.deepEqual([w.pulse.busy, w.pulse.failing], [false, false]);
});

test('a hidden page knows nothing', () => {
  w.hidden = true;
  w.buffered = 0.2;
  beats(30, 900);
  assert.deepEqual([w.pulse.calm, w.pulse.failing], [true, false]);
  w.hidden = false;
  beats(1, 900); // the timer was put off once more
  assert.ok(w.pulse.calm);
});

test('each rest is twice as long, and ends when timers are on time', () => {
  w.buffered = 0.2;
  beats(20, 60);
  const begun = w.now;
  assert.ok(w.rest.wanted(w.now));
  beats(20, 60);
  assert.ok(!w.rest.over(begun + 1e9), 'still busy');
  beats(20, 0);
  assert.deepEqual([w.rest.over(begun + 9_900), w.rest.over(begun + 10_100)], [false, true]);
  assert.ok(!w.rest.wanted(w.now), 'what was before says nothing now');
  beats(20, 60);
  const again = w.now;
  assert.ok(w.rest.wanted(again));
  beats(20, 0);
  assert.deepEqual([w.rest.over(again + 19_900), w.rest.over(again + 20_100)], [false, true]);
  for (let i = 0; i < 20; i++) {
    beats(20, 60);
    w.rest.wanted(w.now);
    beats(20, 0);
  }
  assert.equal(w.rest.times, 22);
  assert.ok(w.rest.over(w.now + 1.25 * 960_000), 'there is a longest');
  w.now += 3_000_000;
  beats(20, 60);
  assert.ok(w.rest.wanted(w.now));
  const later = w.now;
  beats(20, 12);
  assert.deepEqual([w.rest.over(later + 10_100), w.rest.over(later + 70_100)], [false, true], 'after a good time it is short again; and 12 ms are borne');
});

test('closed, it rings no more', () => {
  w.pulse.close();
  beats(30, 100);
  assert.ok(w.pulse.calm);
});
