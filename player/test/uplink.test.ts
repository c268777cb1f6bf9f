import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { HIDDEN, MAY_UPLOAD, METERED, selfFlags } from '../src/self.ts';
import { MOST, Uplink } from '../src/uplink.ts';

const FULL = 2 << 20;

test('an uplink that does not drain is offered half as much, down to the least', () => {
  const uplink = new Uplink();
  const weights: number[] = [];
  for (let now = 0; now <= 16_000; now += 1000) if (uplink.saw(now, FULL)) weights.push(uplink.weight);
  assert.deepEqual(weights, [250, 125, 62, 31, 25]);
});

test('one that drains in between is left alone', () => {
  const uplink = new Uplink();
  for (let now = 0; now <= 30_000; now += 1000) assert.equal(uplink.saw(now, now % 2000 === 0 ? FULL : 0), false);
  assert.equal(uplink.weight, MOST);
});

test('what was lost is regained by a tenth each five seconds', () => {
  const uplink = new Uplink();
  for (let now = 0; now <= 2000; now += 1000) uplink.saw(now, FULL);
  const told: [number, number][] = [];
  for (let now = 3000; now <= 60_000; now += 1000) if (uplink.saw(now, 0)) told.push([now, uplink.weight]);
  assert.deepEqual(told.slice(0, 3), [[7000, 275], [12_000, 303], [17_000, 334]]);
  assert.deepEqual(told.at(-1), [42_000, MOST]);
});

afterEach(() => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
});

test('who pays by the byte uploads nothing', () => {
  const flags = (connection: object, visibilityState = 'visible'): number => {
    Object.assign(globalThis, { document: { visibilityState } });
    Object.defineProperty(globalThis, 'navigator', { value: { connection }, configurable: true });
    return selfFlags();
  };
  assert.equal(flags({}), MAY_UPLOAD);
  assert.equal(flags({ type: 'wifi', saveData: false }), MAY_UPLOAD);
  assert.equal(flags({ saveData: true }), METERED);
  assert.equal(flags({ type: 'cellular' }), METERED);
  assert.equal(flags({}, 'hidden'), MAY_UPLOAD | HIDDEN);
});
