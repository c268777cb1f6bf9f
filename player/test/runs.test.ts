import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Runs } from '../src/runs.ts';

const PIECE = 1024;

test('bytes are cut into runs of whole pieces, however they come', () => {
  for (const size of [1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE, 10_500]) {
    const all = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 255);
    for (const step of [1, 100, PIECE, PIECE + 1, 3 * PIECE, 99_999]) {
      const pieces = Math.ceil(size / PIECE);
      for (const first of [0, Math.floor(pieces / 2)]) {
        const runs = new Runs({ size, pieceSize: PIECE }, first * PIECE);
        let next = first;
        for (let at = first * PIECE; at < size; at += step) {
          const run = runs.take(all.subarray(at, at + step));
          if (!run) continue;
          assert.equal(run.first, next);
          assert.ok(run.count > 0);
          next += run.count;
          assert.deepEqual(run.bytes, all.subarray(run.first * PIECE, next * PIECE));
        }
        assert.equal(next, pieces, `${size} by ${step} from ${first}`);
        assert.equal(runs.take(Uint8Array.of(1, 2, 3)), null, 'what is too much');
      }
    }
  }
});
