import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Retry } from '../src/retry.ts';

const LONG = 60000;

// The same steps as in swarm/viewer/retry_test.go.
const cases: [string, string[], number, (r: Retry) => (number | null)[], (number | null)[], string][] = [
  ['one that is dead', ['a'], 0, (r) => [0, 0, 0, 0, 0, 0].map((lived) => r.lost(lived)), [500, 1000, 2000, 4000, 6000, 6000], 'a'],
  ['one that lived', ['a'], 0.5, (r) => [0, 0, LONG, 0].map((lived) => r.lost(lived)), [750, 1500, 750, 1500], 'a'],
  ['the next at once', ['a', 'b', 'c'], 0.5, (r) => [r.lost(LONG)], [600], 'c'],
  ['all in turn, then slower', ['a', 'b', 'c'], 0, (r) => [0, 0, 0, 0, 0].map((lived) => r.lost(lived)), [200, 200, 500, 1000, 2000], 'c'],
  ['a full one among others', ['a', 'b'], 0, (r) => [r.busy(5000), r.busy(5000)], [200, 5000], 'a'],
  ['told to wait', ['a', 'b'], 0.5, (r) => [r.stay(10000)], [12500], 'b'],
  ['told to wait for days', ['a'], 0.5, (r) => [r.stay(3e9), r.busy(3e9), r.stay(Infinity), r.moved(3e9)], [375000, 375000, 375000, 150000], 'a'],
  ['moving', ['a', 'b'], 0.25, (r) => [r.moved(4000)], [1000], 'b'],
  ['moving, with one', ['a'], 0.25, (r) => [r.moved(4000), r.lost(0)], [1000, 625], 'a'],
  ['one that refuses', ['a'], 0, (r) => [r.denied(0), r.denied(0)], [null, null], 'a'],
  ['all refuse, one after the other', ['a', 'b', 'c'], 0, (r) => [r.denied(0), r.denied(0), r.denied(0)], [200, 200, null], 'a'],
  ['one refuses and one is away', ['a', 'b'], 0, (r) => [r.denied(0), r.lost(0), r.denied(0), r.denied(0)], [200, 500, 1000, null], 'a'],
  ['one refuses and one is full', ['a', 'b'], 0, (r) => [r.denied(0), r.busy(5000), r.denied(0)], [200, 5000, 1000], 'b'],
  ['one refused, another did once it had lived', ['a', 'b'], 0, (r) => [r.denied(0), r.denied(LONG)], [200, 200], 'a'],
  ['one refuses and one is dead', ['a', 'b'], 0, (r) => Array.from({ length: 6 }, () => [r.denied(0), r.lost(0)]).flat().slice(7), [32000, 60000, 60000, 60000, 60000], 'a'],
  ['one refused, then all are dead', ['a', 'b'], 0, (r) => [r.denied(0), ...Array.from({ length: 7 }, () => r.lost(0))].slice(5), [6000, 6000, 6000], 'a'],
];

for (const [name, urls, chance, steps, want, url] of cases) {
  test(name, () => {
    const retry = new Retry(urls, () => chance);
    assert.deepEqual(steps(retry), want);
    assert.equal(retry.url, url);
  });
}
