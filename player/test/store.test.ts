import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRecord, type ChunkRecord } from '../src/record.ts';
import { FALSE, MISSING } from '../src/keep.ts';
import { Store } from '../src/store.ts';
import { makeChunk, type Made } from './make.ts';

function shapeOf(made: Made): ChunkRecord {
  const record = parseRecord(made.text);
  assert.ok(record);
  return record;
}

test('a chunk is gathered piece by piece, in any order', async () => {
  const made = makeChunk(5000);
  const shape = shapeOf(made);
  const store = new Store(assert.fail);
  assert.equal(await store.takePieces(shape, 0, 1, made.bytes.subarray(0, 1024)), MISSING, 'before its hashes');
  assert.equal(await store.takeHashes(shape, made.hashes), 0);
  assert.equal(await store.takePieces(shape, 3, 2, made.bytes.subarray(3072)), 1928);
  assert.equal(await store.takePieces(shape, 3, 1, made.bytes.subarray(3072, 4096)), 0, 'held already');
  assert.equal(store.pieces(shape.id, 2, 2), null);
  assert.deepEqual(store.pieces(shape.id, 3, 2), made.bytes.subarray(3072));
  assert.equal(store.whole(shape.id), false);
  assert.equal(store.copy(shape.id), null);
  assert.equal(await store.takePieces(shape, 0, 4, made.bytes.subarray(0, 4096)), 3072);
  assert.equal(store.whole(shape.id), true);
  assert.deepEqual(store.copy(shape.id), made.bytes);
});

test('bad pieces and bad hashes are refused', async () => {
  const made = makeChunk(5000);
  const shape = shapeOf(made);
  const store = new Store(assert.fail);
  const lie = made.hashes.slice();
  lie[40] = (lie[40] ?? 0) ^ 1;
  assert.equal(await store.takeHashes(shape, lie), FALSE);
  assert.equal(await store.takeHashes(shape, made.hashes.subarray(32)), FALSE);
  assert.equal(await store.takeHashes(shape, made.hashes), 0);
  const bent = made.bytes.slice(0, 2048);
  bent[2000] = (bent[2000] ?? 0) ^ 1;
  const refused: [string, number, number, Uint8Array][] = [
    ['a flipped bit', 0, 2, bent],
    ['truncated', 0, 1, made.bytes.subarray(0, 1000)],
    ['extended', 4, 1, new Uint8Array(1024)],
    ['another place', 1, 1, made.bytes.subarray(0, 1024)],
    ['past the end', 4, 2, made.bytes.subarray(4096)],
    ['none', 0, 0, new Uint8Array(0)],
  ];
  for (const [name, first, count, bytes] of refused) assert.equal(await store.takePieces(shape, first, count, bytes), FALSE, name);
  assert.equal(store.pieces(shape.id, 0, 1), null);
  assert.equal(store.bytes, 160, 'its hashes');
});

test('whole chunks are verified against the record alone', async () => {
  const made = makeChunk(70_000, { pieceSize: 4608 });
  const shape = shapeOf(made);
  const store = new Store(assert.fail);
  const bent = made.bytes.slice();
  bent[69_999] = (bent[69_999] ?? 0) ^ 1;
  assert.equal(await store.takeWhole(shape, bent), FALSE);
  assert.equal(await store.takeWhole(shape, made.bytes.subarray(1)), FALSE);
  assert.equal(await store.takeWhole(shape, made.bytes), 70_000);
  assert.equal(await store.takeWhole(shape, made.bytes), 0);
  assert.deepEqual(store.hashes(shape.id), made.hashes);
});

test('what is handed out and what was handed in is not what is kept', async () => {
  const made = makeChunk(3000);
  const shape = shapeOf(made);
  const store = new Store(assert.fail);
  const given = made.bytes.slice();
  const taking = store.takeWhole(shape, given);
  given.fill(0); // while it is being verified
  assert.equal(await taking, 3000);
  const copy = store.copy(shape.id);
  assert.ok(copy);
  structuredClone(copy.buffer, { transfer: [copy.buffer] }); // as MSE and workers do
  assert.equal(copy.length, 0);
  assert.deepEqual(store.copy(shape.id), made.bytes);
});

test('memory is bounded, the oldest goes first and is told of', async () => {
  const evicted: string[] = [];
  const store = new Store((id) => evicted.push(id), 10_000);
  const all = Array.from({ length: 8 }, (_, part) => makeChunk(3000, { part }));
  const ids = all.map((made) => shapeOf(made).id);
  for (const made of all) await store.takeWhole(shapeOf(made), made.bytes);
  assert.ok(store.bytes <= 10_000);
  assert.deepEqual(ids.map((id) => store.whole(id)), [false, false, false, false, false, true, true, true]);
  assert.deepEqual(evicted, ids.slice(0, 5));
  store.drop(ids[7] as string);
  assert.equal(store.bytes, 2 * (3000 + 96));
  assert.equal(evicted.length, 5, 'what is dropped is not evicted');
});

test('hashes alone count too', async () => {
  const store = new Store(() => undefined, 1000);
  for (let part = 0; part < 20; part++) {
    const made = makeChunk(5000, { part }); // 160 bytes of hashes
    assert.equal(await store.takeHashes(shapeOf(made), made.hashes), 0);
  }
  assert.equal(store.bytes, 960);
});

test('pieces whose hashes were evicted are missing, not false', async () => {
  const store = new Store(() => undefined, 4000);
  const [old, young] = [makeChunk(3000, { part: 0 }), makeChunk(3000, { part: 1 })];
  await store.takeHashes(shapeOf(old), old.hashes);
  await store.takeWhole(shapeOf(young), young.bytes);
  const next = makeChunk(3000, { part: 2 });
  await store.takeWhole(shapeOf(next), next.bytes);
  assert.equal(await store.takePieces(shapeOf(old), 0, 1, old.bytes.subarray(0, 1024)), MISSING);
});

test('what is verified after a drop or the end is not kept', async () => {
  const made = makeChunk(5000);
  const shape = shapeOf(made);
  const bent = made.bytes.slice();
  bent[9] = (bent[9] ?? 0) ^ 1;
  const store = new Store(assert.fail);
  for (const end of [() => store.drop(shape.id), () => store.close()]) {
    const [taking, lying, hashes] = [store.takeWhole(shape, made.bytes), store.takeWhole(shape, bent), store.takeHashes(shape, made.hashes)];
    end();
    assert.deepEqual(await Promise.all([taking, lying, hashes]), [MISSING, FALSE, MISSING]);
    assert.equal(store.hashes(shape.id), null);
    assert.equal(store.bytes, 0);
  }
  assert.equal(await store.takeWhole(shape, made.bytes), MISSING, 'closed');
  assert.equal(await store.takeWhole(shape, bent), FALSE, 'a lie is one still');
});

test('a lie beside the truth does not take it away', async () => {
  const made = makeChunk(5000);
  const shape = shapeOf(made);
  const store = new Store(assert.fail);
  const bent = made.bytes.slice();
  bent[9] = (bent[9] ?? 0) ^ 1;
  assert.deepEqual(await Promise.all([store.takeWhole(shape, bent), store.takeWhole(shape, made.bytes)]), [FALSE, 5000]);
  assert.equal(store.whole(shape.id), true);
});
