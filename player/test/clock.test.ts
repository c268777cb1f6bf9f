import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behind, clock } from '../src/clock.ts';

for (const [seconds, written, late] of [
  [0, '0:00', '−0.0 s'], [6.14, '0:06', '−6.1 s'], [12.6, '0:13', '−13 s'], [59.7, '1:00', '−1:00'], [80, '1:20', '−1:20'], [3723, '1:02:03', '−1:02:03'],
] as const) {
  test(`${seconds} s are written ${written}, and behind live ${late}`, () => {
    assert.deepEqual([clock(seconds), behind(seconds, 'en')], [written, late]);
  });
}

test('a language has its own decimal point', () => {
  assert.deepEqual([behind(6.14, 'pt'), behind(12.6, 'pt'), behind(6.14, 'zh')], ['−6,1 s', '−13 s', '−6.1 s']);
});
