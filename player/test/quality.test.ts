import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alike, AUTO, named, ranked } from '../src/quality.ts';

const level = (height: number, bitrate: number, frameRate = 30): { height: number; bitrate: number; frameRate: number } => ({ height, bitrate, frameRate });
const names = (levels: ReturnType<typeof level>[]): string[] => ranked(levels, AUTO).map((quality, _, all) => named(quality, all, 'en'));

test('qualities are ranked and named', () => {
  const levels = [level(360, 9e5), level(1080, 5e6), level(720, 28e5)];
  assert.deepEqual(ranked(levels, 2).map(({ index, playing }) => [index, playing]), [[1, false], [2, true], [0, false]]);
  for (const [what, all, want] of [
    ['by height', levels, ['1080p', '720p', '360p']],
    ['with many frames', [level(720, 3e6, 59.94), level(720, 2e6)], ['720p60 · 3.0 Mbit/s', '720p · 2.0 Mbit/s']],
    ['of one height', [level(720, 2e6), level(720, 4e6), level(360, 1e6)], ['720p · 4.0 Mbit/s', '720p · 2.0 Mbit/s', '360p']],
    ['of no known height', [level(0, 96e3), level(NaN, 192e3, NaN)], ['192 kbit/s', '96 kbit/s']],
  ] as const) assert.deepEqual(names([...all]), want, what);
});

test('what was chosen is found again in a stream that was loaded anew', () => {
  const chosen = level(720, 28e5);
  assert.equal(alike([level(360, 9e5), level(720, 31e5), level(720, 2e6), level(1080, 5e6)], chosen), 1);
  assert.equal(alike([level(1080, 5e6), level(480, 15e5)], chosen), 1, 'the nearest');
  assert.equal(alike([], chosen), AUTO);
});
