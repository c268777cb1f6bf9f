import assert from 'node:assert/strict';
import { test } from 'node:test';
import { area, extent, line, round, runs, spanOf, sums } from '../src/ops/chart.ts';

const HOUR = 3600e3;
const frame = { width: 360, height: 100, most: 10, span: HOUR };

test('an hour is drawn to scale, with gaps where nothing is known', () => {
  assert.equal(line([], [], frame), '');
  assert.equal(line([0, HOUR / 2, HOUR], [0, 5, 10], frame), 'M0.0 100.0L180.0 50.0L360.0 0.0');
  assert.equal(line([0, 1, HOUR / 2, HOUR], [0, null, 5, 20], frame), 'M0.0 100.0h1M180.0 50.0L360.0 0.0');
  assert.equal(area([0, HOUR], [10, 10], [5, 0], frame), 'M0.0 0.0L360.0 0.0L360.0 100.0L0.0 50.0Z');
  assert.equal(area([0, HOUR], [10, 5], null, frame), 'M0.0 0.0L360.0 50.0L360.0 100.0L0.0 100.0Z');
});

test('scales end with a round number', () => {
  for (const [most, want] of [[0, 0], [NaN, 0], [1, 1], [1.1, 2], [3, 5], [7, 10], [21, 50], [0.013, 0.02], [1234567, 2e6]] as const) {
    assert.ok(Math.abs(round(most) - want) < 1e-9, `${most} gives ${round(most)}`);
  }
});

test('what is not known stays so', () => {
  assert.deepEqual(runs([null, 1, 2, null, 3]), [[1, 3], [4, 5]]);
  assert.deepEqual(sums([1, null, 2], [1, 1, null]), [2, null, null]);
  assert.equal(extent([null, null]), null);
  assert.deepEqual(extent([3, 1, null]), { now: null, least: 1, most: 3 });
});

test('a chart spans what is known, and an hour at most', () => {
  assert.deepEqual([[], [7], [0, 299e3], [0, 301e3], [0, 3590e3]].map((at) => spanOf(at) / 60e3), [5, 5, 5, 15, 60]);
});
