import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BackBuffer } from '../src/backbuffer.ts';

// listed is what a stream with a keyframe every so many seconds lists at its edge: 16 s, and parts of the last 6.
function listed(edge: number, every: number, partless = false, shift = 0): Parameters<BackBuffer['seconds']>[0] {
  const from = Math.max(0, edge - 6);
  const partList = Array.from({ length: Math.ceil((edge - from) / 0.5) }, (_, i) => from + i / 2)
    .map((at) => ({ start: at + shift, independent: at % every === 0, index: (2 * at) % 4, fragment: { sn: Math.floor(at / 2) } }));
  return { live: true, edge: edge + shift, fragmentStart: Math.max(0, edge - 16), targetduration: 2, partList: partless ? null : partList };
}

for (const [what, every, begins, partless, kept] of [
  ['keyframes every 2 s', 2, 40, false, 15],
  ['keyframes every 10 s', 10, 40, false, 15],
  ['keyframes every 30 s', 30, 40, false, 34],
  ['keyframes every 30 s, seen from one on', 30, 60, false, 34],
  ['keyframes every 10 minutes', 600, 40, false, 120],
  ['a playlist without parts', 30, 40, true, 15],
] as const) {
  test(`what was played is kept from the last keyframe on: ${what}`, () => {
    const back = new BackBuffer();
    let most = 0;
    for (let edge = begins; edge < begins + 300; edge += 0.5) {
      const seconds = back.seconds(listed(edge, every, partless));
      most = Math.max(most, seconds);
      const last = Math.floor((edge - 1) / every) * every; // before the playhead, which is a second behind
      if (!partless && last >= begins - 6) assert.ok(seconds >= Math.min(120, edge - 1 - last), `${seconds} s at ${edge}`);
    }
    assert.ok(most >= kept && most <= Math.max(kept, kept === 15 ? 20 : kept + 12), `${most} s, not ${kept}`);
  });
}

test('a stream that begins anew is looked at anew', () => {
  const back = new BackBuffer();
  for (let edge = 40; edge < 100; edge += 0.5) back.seconds(listed(edge, 30));
  for (let edge = 0; edge < 20; edge += 0.5) back.seconds(listed(edge, 2));
  assert.equal(back.seconds(listed(20, 2)), 15);
});

test('a keyframe that turns out to be a little elsewhere is no other one', () => {
  const back = new BackBuffer();
  for (let edge = 20; edge < 61; edge += 0.5) back.seconds(listed(edge, 30));
  assert.equal(back.seconds(listed(61, 30, false, 0.1)), 34);
});
