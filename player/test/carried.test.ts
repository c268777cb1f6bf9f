import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Carried, standing } from '../src/carried.ts';

const none = new Map<number, Carried>([[1, { bytes: 50_000, whole: 40_000 }], [2, { bytes: 9000, whole: 8000 }]]);

for (const [what, one, two, stands] of [
  ['nothing comes', [0, 0], [0, 0], false],
  ['next to nothing comes', [400, 0], [400, 0], false],
  ['much comes, and nothing of it is whole', [9000, 0], [3000, 0], true],
  ['much comes, and most is whole', [9000, 8000], [3000, 0], false],
  ['one stands, and what others send is whole', [9000, 0], [5000, 4500], false],
] as const) {
  test(`where ${what}, messages ${stands ? 'stand' : 'do not stand'}`, () => {
    const after = new Map([...none].map(([peer, { bytes, whole }], i) => {
      const more = i === 0 ? one : two;
      return [peer, { bytes: bytes + more[0], whole: whole + more[1] }] as const;
    }));
    after.set(3, { bytes: 90_000, whole: 0 }); // was not there before
    assert.equal(standing(none, after, 200), stands);
  });
}
