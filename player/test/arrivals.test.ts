import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arrivals } from '../src/arrivals.ts';

test('what came lately counts, and no longer', () => {
  const arrivals = new Arrivals();
  assert.equal(arrivals.rate(5000, 1000), 0);
  for (let now = 5000; now < 6000; now += 50) arrivals.came(5000, now);
  assert.equal(arrivals.rate(6000, 1000), 100);
  assert.equal(arrivals.rate(6500, 1000), 50);
  assert.equal(arrivals.rate(7000, 1000), 0);
});

test('what is told when all of it has come counts for when it did, as far back as is kept', () => {
  const arrivals = new Arrivals();
  arrivals.came(10_000, 5999, 5000);
  assert.equal(arrivals.rate(6000, 500), 10);
  arrivals.came(30_000, 60_000, 50_000);
  assert.equal(Math.round(arrivals.rate(60_100, 1000)), 10);
});
