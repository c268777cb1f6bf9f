import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPicture, readTrack, type Track } from '../src/keyframe.ts';

const word = (n: number): number[] => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const zeros = (n: number): number[] => new Array<number>(n).fill(0);

function box(type: string, ...contents: (number[] | number)[]): number[] {
  const inner = contents.flat();
  return [...word(inner.length + 8), ...[...type].map((c) => c.charCodeAt(0)), ...inner];
}

const bytes = (...boxes: number[][]): Uint8Array<ArrayBuffer> => new Uint8Array(boxes.flat());
const avcC = [1, 0x64, 0, 0x1f, 0xff, 0xe0, 0];

function trak(id: number, handler: string, entry: number[]): number[] {
  return box('trak', box('tkhd', word(0), zeros(8), word(id), zeros(68)), box('mdia', box('hdlr', zeros(8), [...handler].map((c) => c.charCodeAt(0)), zeros(12)),
    box('minf', box('stbl', box('stsd', word(0), word(1), entry)))));
}

const init = bytes(box('ftyp', zeros(8)), box('moov',
  trak(1, 'soun', box('mp4a', zeros(28))),
  trak(2, 'vide', box('avc1', zeros(78), box('avcC', avcC), box('pasp', zeros(8)))),
  box('mvex', box('trex', word(0), word(1), zeros(8), word(11), zeros(4)), box('trex', word(0), word(2), zeros(8), word(22), zeros(4)))));

const video: Track = { id: 2, codec: 'avc1.64001f', description: new Uint8Array(avcC), size: 22 };

test('the video of an init segment is found beside its sound', () => {
  assert.deepEqual(readTrack(init), video);
  assert.equal(readTrack(bytes(box('moov', trak(1, 'soun', box('mp4a', zeros(28)))))), null);
  assert.equal(readTrack(bytes(box('ftyp', zeros(8)))), null);
});

test('the first picture of a segment is found by what tells its size', () => {
  const sound = box('traf', box('tfhd', word(0x020000), word(1)), box('trun', word(0x201), word(1), word(500), word(7)));
  for (const [what, tfhd, trun, size] of [
    ['its own', [word(0x020000), word(2)], [word(0x705), word(2), word(300), word(0), word(1), word(1234), word(0)], 1234],
    ['the run', [word(0x020010), word(2), word(77)], [word(0x001), word(2), word(300)], 77],
    ['the run, after other defaults', [word(0x02001a), word(2), word(1), word(9), word(78)], [word(0x001), word(2), word(300)], 78],
    ['the track', [word(0x020000), word(2)], [word(0x001), word(2), word(300)], 22],
  ] as const) {
    const segment = bytes(box('styp', zeros(4)), box('moof', box('mfhd', zeros(8)), sound, box('traf', box('tfhd', ...tfhd), box('tfdt', zeros(8)), box('trun', ...trun))), word(100000));
    assert.deepEqual(findPicture(segment, video), { from: 12 + 300, to: 12 + 300 + size }, what);
  }
});

test('a segment that does not begin with all of its first fragment tells nothing', () => {
  const segment = bytes(box('moof', box('traf', box('tfhd', word(0x020000), word(2)), box('trun', word(0x201), word(1), word(60), word(5)))));
  assert.deepEqual(findPicture(segment, video), { from: 60, to: 65 });
  for (let length = 0; length < segment.length; length++) assert.equal(findPicture(segment.slice(0, length), video), null);
});
