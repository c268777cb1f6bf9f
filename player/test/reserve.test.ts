// How much is loaded behind a jump, in seconds and so in bytes, and that no link waits for it that has little to spare.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reserve } from '../src/reserve.ts';

const SEGMENT = 2; // seconds
const RATE = 375e3; // bytes a second: 3 Mbit/s

// watch plays from a jump on over a link of so many times the media's rate, and returns what was loaded, played and stood still for after each second. As hls.js
// does, a segment is loaded while less than the reserve is. A link may be down for a while.
function watch(reserve: { seconds: number; played(at: number): void }, link: number, seconds: number, down = (_: number): boolean => false): { bytes: number; played: number; stalled: number }[] {
  let [loaded, played, stalled, got] = [0, 0, 0, 0];
  return Array.from({ length: 10 * seconds }, (_, i) => {
    const now = i / 10;
    if (loaded - played < reserve.seconds && !down(now)) got += link / 10;
    while (got >= SEGMENT) [got, loaded] = [got - SEGMENT, loaded + SEGMENT];
    if (loaded - played > 0.1) reserve.played((played += 0.1));
    else if (played > 0) stalled += 0.1;
    return { bytes: loaded * RATE, played, stalled };
  }).filter((_, i) => i % 10 === 9);
}

const fixed = (seconds: number) => ({ seconds, played: () => { /* whatever is watched */ } });

test('a jump costs 16 s of media, where it was a minute', () => {
  const [before, after] = [fixed(60), new Reserve()].map((reserve) => (watch(reserve, 20, 5).at(-1)?.bytes ?? 0));
  assert.deepEqual([before, after], [66 * RATE, 22 * RATE], 'after 5 s');
  const reserve = new Reserve();
  reserve.played(1);
  for (let at = 1; at <= 200; at++) reserve.played(at);
  assert.equal(reserve.seconds, 60, 'who has watched for minutes goes on');
  reserve.jumped(150, true);
  assert.equal(reserve.seconds, 60, 'all is there');
  reserve.jumped(900, false);
  assert.equal(reserve.seconds, 16);
  reserve.played(901);
  assert.equal(reserve.seconds, 16, 'a jump is not watched');
  reserve.listed(10);
  assert.equal(reserve.seconds, 30, 'three segments');
});

test('a link that has up to half to spare plays as with a minute, and no other stands still for less than 16 s of silence', () => {
  for (const link of [1.02, 1.1, 1.25, 1.4]) {
    const silence = (now: number): boolean => now > 100 && now < 125;
    assert.deepEqual(watch(new Reserve(), link, 400, silence), watch(fixed(60), link, 400, silence), `${link} times the rate`);
  }
  for (const link of [1.6, 3, 20]) {
    for (const at of [20, 40, 90, 200]) assert.equal(watch(new Reserve(), link, 300, (now) => now > at && now < at + 8).at(-1)?.stalled, 0, `${link} times, at ${at} s`);
  }
});
