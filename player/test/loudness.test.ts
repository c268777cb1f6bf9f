import assert from 'node:assert/strict';
import { test } from 'node:test';
import { level } from '../src/studio/loudness.ts';

test('the meter goes by decibels', () => {
  for (const [peak, place] of [[0, 0], [0.0005, 0], [0.001, 0], [0.0316, 0.5], [0.5, 0.9], [1, 1], [1.5, 1]] as const) {
    assert.ok(Math.abs(level(peak) - place) < 0.005, `${peak}: ${level(peak)}`);
  }
});
