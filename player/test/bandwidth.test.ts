import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bandwidth } from '../src/bandwidth.ts';

// fed returns one that was told of transfers, of which each began 1 s after the one before: [bytes, wait, millis, bytes of peers beside it].
function fed(...transfers: [bytes: number, wait: number, millis: number, beside?: number][]): Bandwidth {
  const bandwidth = new Bandwidth();
  transfers.forEach(([bytes, wait, millis, beside = 0], i) => {
    const start = 1000 * (i + 1);
    bandwidth.begins(start, start + wait);
    if (beside > 0) bandwidth.beside(beside, start + wait + millis / 2);
    bandwidth.ends(bytes, start + wait + millis);
  });
  return bandwidth;
}

for (const [what, transfers, rate] of [
  ['nothing', [], 0],
  ['one transfer', [[30_000, 5, 30]], 0],
  ['two', [[30_000, 5, 30], [30_000, 5, 30]], 1000],
  ['what was held by the edge, or had to wait in the browser', [[30_000, 320, 30], [30_000, 900, 30], [30_000, 2, 30]], 1000],
  ['what is small', [[30_000, 5, 30], [30_000, 5, 30], [900, 5, 300], [900, 5, 300], [900, 5, 300]], 1000],
  ['one that the machine held up', [[30_000, 5, 30], [30_000, 5, 30], [30_000, 5, 600], [30_000, 5, 30]], 1000],
  ['a link that has become slow', [[30_000, 5, 30], [30_000, 5, 30], [30_000, 5, 300], [30_000, 5, 300]], 100],
  ['one that has become fast, which is believed later', [[30_000, 5, 300], [30_000, 5, 300], [30_000, 5, 300], [30_000, 5, 30], [30_000, 5, 30], [30_000, 5, 30]], 100],
  ['and then', [[30_000, 5, 300], [30_000, 5, 300], [30_000, 5, 300], ...Array<[number, number, number]>(5).fill([30_000, 5, 30])], 1000],
  ['bytes of peers beside it, within what the link has', [[30_000, 5, 30], [30_000, 5, 30], ...Array<[number, number, number, number]>(9).fill([30_000, 5, 90, 90_000])], 1000],
  ['so many that the link has less than was thought', [[30_000, 5, 30], [30_000, 5, 30], ...Array<[number, number, number, number]>(9).fill([30_000, 5, 300, 60_000])], 300],
  ['or the edge more', [[30_000, 5, 300], [30_000, 5, 300], ...Array<[number, number, number, number]>(9).fill([30_000, 5, 30, 60_000])], 1000],
  ['a few of them', [[30_000, 5, 30, 3000], [30_000, 5, 30, 3000]], 1000],
] as [string, [number, number, number, number?][], number][]) {
  test(`what the edge gives, after ${what}`, () => assert.equal(Math.round(fed(...transfers).rate), rate));
}

test('who has no time to be sure goes by the last transfer, if that was slow', () => {
  assert.equal(fed([30_000, 5, 30], [30_000, 5, 30], [30_000, 5, 300]).least, 100);
  assert.equal(fed([30_000, 5, 300], [30_000, 5, 300], [30_000, 5, 30]).least, 100);
  assert.equal(fed([30_000, 5, 30]).least, 0, 'nothing is known yet');
});

test('answers that come at the same time are one transfer', () => {
  const bandwidth = new Bandwidth();
  for (const at of [0, 1000]) {
    bandwidth.begins(at, at + 10);
    bandwidth.begins(at, at + 20);
    bandwidth.ends(20_000, at + 40);
    bandwidth.ends(10_000, at + 40);
  }
  assert.equal(bandwidth.rate, 1000);
  assert.equal(bandwidth.wait, 10);
});

test('what others have read counts as well, and what peers sent before or after it is not beside it', () => {
  const bandwidth = new Bandwidth();
  for (const at of [0, 1000]) {
    bandwidth.beside(1e6, at + 5);
    bandwidth.came(30_000, { start: at, first: at + 10, end: at + 40 });
    bandwidth.beside(1e6, at + 45);
  }
  assert.deepEqual([bandwidth.rate, bandwidth.wait], [1000, 10]);
});

test('a link that is seen to have fallen gives no more, until it does', () => {
  const bandwidth = fed([30_000, 5, 30], [30_000, 5, 30], [30_000, 5, 30], [30_000, 5, 300]);
  bandwidth.fell(60);
  assert.deepEqual([bandwidth.rate, bandwidth.least], [60, 60]);
  for (const at of [10_000, 11_000]) bandwidth.came(30_000, { start: at, first: at + 10, end: at + 310 });
  assert.deepEqual([bandwidth.rate, bandwidth.least], [60, 60]);
  for (const at of [12_000, 13_000, 14_000, 15_000]) bandwidth.came(30_000, { start: at, first: at + 10, end: at + 310 });
  assert.equal(bandwidth.rate, 100);
});

test('how long an answer is waited for, and by how much that strays', () => {
  const waits = (...millis: number[]): number[] => {
    const { prompt, wait, strays } = fed(...millis.map((wait): [number, number, number] => [30_000, wait, 30]));
    return [prompt, wait, strays];
  };
  assert.deepEqual(waits(40, 50), [40, 40, Infinity], 'not known yet');
  assert.deepEqual(waits(40, 50, 45), [40, 45, 5]);
  assert.deepEqual(waits(40, 50, 45, 900, 44), [44, 45, 5], 'one that the machine held up is no matter');
  assert.equal(waits(40, 50, 45, 44, 300, 310, 320)[0], 44, 'nor a link that has just become narrow');
});
