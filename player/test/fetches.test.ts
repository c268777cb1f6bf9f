// Fetches with a real store, and an edge that sends what it is told to, when it is told to.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Entry } from '../src/book.ts';
import { type Chunk, Chunks } from '../src/chunks.ts';
import { Edge } from '../src/edge.ts';
import { Fetches } from '../src/fetches.ts';
import { type ChunkRecord, readRecord } from '../src/record.ts';
import { Store } from '../src/store.ts';
import { makeChunk } from './make.ts';

const made = makeChunk(10_500); // eleven pieces, the last is short
const HASHES = Buffer.from(made.hashes).toString('base64').replace(/=+$/, '');

interface World {
  edge: Edge;
  store: Store;
  chunks: Chunks;
  chunk: Chunk;
  log: string[];
  asked: { range: string | null; reload: boolean }[];
  send(bytes: Uint8Array): Promise<void>;
  logged(count: number): Promise<void>; // waits for it
  end(error?: Error): void;
  fetch(first: number, count: number): Promise<void>;
  giveUp(): void;
}

function world(t: TestContext, { hashes = HASHES as string | null, ranges = true, uri = 'http://edge/s12.3.m4s' } = {}): World {
  const record = readRecord(made.record) as ChunkRecord;
  const log: string[] = [];
  const asked: World['asked'] = [];
  let body: ReadableStreamDefaultController<Uint8Array> | null = null;
  t.mock.method(globalThis, 'fetch', async (_url: string, init: RequestInit = {}) => {
    const range = new Headers(init.headers).get('range');
    asked.push({ range, reload: init.cache === 'reload' });
    const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (body = controller) });
    init.signal?.addEventListener('abort', () => {
      body?.error(new Error('aborted'));
      body = null;
    }, { once: true });
    return new Response(stream, { status: range && ranges ? 206 : 200, headers: hashes === null ? {} : { 'Shoal-Pieces': hashes } });
  });
  const edge = new Edge();
  const chunks = new Chunks();
  const store = new Store(() => undefined);
  const entry: Entry = { uri, record, age: 0, truth: true, verified: Promise.resolve(true) };
  const chunk = chunks.of(entry);
  chunks.name(chunk, 5);
  const note = (name: string, at: Chunk, ...numbers: unknown[]): void => void log.push([name, at.handle, ...numbers].join(' '));
  const fetches = new Fetches(edge, store, chunks, new AbortController().signal, {
    hashes: (chunk) => note('hashes', chunk),
    arrived: (chunk, first, count) => {
      assert.ok(store.pieces(record.id, first, count), 'what is told is held');
      note('arrived', chunk, first, count);
    },
    fetched: (chunk, first, count, ok) => note('fetched', chunk, first, count, ok),
    held: (chunk) => note('held', chunk),
    loaded: () => undefined,
    unwanted: () => undefined,
    early: () => false,
  });
  const until = async (done: () => boolean): Promise<void> => {
    for (const last = performance.now() + 10_000; performance.now() < last && !done(); ) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    edge, store, chunks, chunk, log, asked,
    send: async (bytes) => {
      await until(() => body !== null);
      body?.enqueue(bytes);
    },
    logged: (count) => until(() => log.length >= count),
    end: (error) => {
      if (error) body?.error(error);
      else body?.close();
      body = null;
    },
    fetch: (first, count) => fetches.fetch(chunk, first, count),
    giveUp: () => fetches.giveUp(),
  };
}

const bent = (from: number, to: number): Uint8Array => made.bytes.slice(from, to).map((b, i) => (i === 0 ? b ^ 1 : b));

test('pieces are told as they come, after the hashes, a run for each read', async (t) => {
  const w = world(t);
  const fetching = w.fetch(0, 11);
  await w.send(made.bytes.slice(0, 700));
  await w.logged(1);
  assert.deepEqual(w.log, ['hashes 5']);
  await w.send(made.bytes.slice(700, 1024));
  await w.logged(2);
  await w.send(made.bytes.slice(1024, 5000));
  await w.logged(3);
  assert.deepEqual(w.log, ['hashes 5', 'arrived 5 0 1', 'arrived 5 1 3']);
  await w.send(made.bytes.slice(5000));
  await w.logged(4);
  assert.deepEqual(w.log.slice(3), ['arrived 5 4 7']);
  w.end();
  await fetching;
  assert.deepEqual(w.log.slice(4), ['fetched 5 0 11 true']);
  assert.deepEqual(w.store.copy(w.chunk.entry.record.id), made.bytes);
  assert.equal(w.edge.bytes, made.bytes.length);
});

test('by a narrow link what comes meanwhile by other ways is not fetched again', async (t) => {
  const w = world(t);
  for (const at of [1000, 2000]) {
    w.edge.bandwidth.begins(null, at);
    w.edge.bandwidth.ends(5000, at + 1000); // five bytes a millisecond
  }
  const first = w.fetch(0, 5);
  const second = w.fetch(5, 6);
  await w.send(made.bytes);
  assert.equal(w.asked.length, 1, 'the other waits for it');
  await w.logged(2);
  await w.store.takeWhole(w.chunk.entry.record, made.bytes.slice());
  w.end();
  await Promise.all([first, second]);
  assert.deepEqual([w.asked.length, w.log.slice(-2)], [1, ['fetched 5 0 11 true', 'fetched 5 0 11 true']]);
});

test('without hashes all is told at the end, as ever', async (t) => {
  const w = world(t, { hashes: null });
  const fetching = w.fetch(0, 11);
  await w.send(made.bytes.slice(0, 5000));
  await w.send(made.bytes.slice(5000));
  w.end();
  await fetching;
  assert.deepEqual(w.log, ['fetched 5 0 11 true']);
  assert.ok(w.store.whole(w.chunk.entry.record.id));
});

test('a range is fetched alone where the edge is known to bring hashes, and verified by them', async (t) => {
  const w = world(t);
  w.edge.bringsHashes = true;
  const fetching = w.fetch(3, 2);
  await w.send(made.bytes.slice(3072, 5120));
  w.end();
  await fetching;
  assert.deepEqual(w.asked, [{ range: 'bytes=3072-5119', reload: false }]);
  assert.deepEqual(w.log, ['hashes 5', 'arrived 5 3 2', 'fetched 5 3 2 true']);
});

test('a range of which nothing can be told is fetched with all the rest', async (t) => {
  const w = world(t, { hashes: null });
  const fetching = w.fetch(3, 2);
  await w.send(made.bytes);
  w.end();
  await fetching;
  assert.deepEqual(w.asked, [{ range: null, reload: false }]);
  assert.deepEqual(w.log, ['fetched 5 0 11 true']);
});

test('where hashes were promised and do not come, the range fails, and the next try is for all', async (t) => {
  const w = world(t, { hashes: null });
  w.edge.bringsHashes = true;
  for (const bytes of [made.bytes.slice(3072, 5120), made.bytes]) {
    const fetching = w.fetch(3, 2);
    await w.send(bytes);
    w.end();
    await fetching;
  }
  assert.deepEqual(w.asked.map(({ range }) => range), ['bytes=3072-5119', null]);
  assert.deepEqual(w.log, ['fetched 5 3 2 false', 'fetched 5 0 11 true']);
});

test('an edge that knows no ranges sends all of it, and all of it is of use', async (t) => {
  const w = world(t, { ranges: false });
  w.edge.bringsHashes = true;
  const fetching = w.fetch(3, 2);
  await w.send(made.bytes);
  w.end();
  await fetching;
  assert.deepEqual(w.log, ['hashes 5', 'arrived 5 0 11', 'fetched 5 3 2 true']);
});

test('a false piece is not kept, nor what comes behind it, and the edge is not believed', async (t) => {
  const w = world(t);
  const fetching = w.fetch(0, 11);
  await w.send(made.bytes.slice(0, 2048));
  await w.send(bent(2048, 4096));
  await w.send(made.bytes.slice(4096));
  w.end();
  await fetching;
  assert.deepEqual(w.log, ['hashes 5', 'arrived 5 0 2', 'fetched 5 0 11 false']);
  assert.ok(w.store.pieces(w.chunk.entry.record.id, 0, 2));
  assert.equal(w.store.pieces(w.chunk.entry.record.id, 2, 1), null);
  assert.equal(w.edge.bad, 1);
  assert.equal(w.asked.at(-1)?.reload, true);
  await w.send(made.bytes);
  w.end();
});

test('false hashes are not kept; the media may be true all the same', async (t) => {
  for (const hashes of [`A${HASHES.slice(1)}`, 'AAAA', 'not base64!', '']) {
    const w = world(t, { hashes });
    const fetching = w.fetch(0, 11);
    await w.send(made.bytes.slice(0, 5000));
    await w.send(made.bytes.slice(5000));
    w.end();
    await fetching;
    assert.deepEqual(w.log, ['fetched 5 0 11 true'], hashes);
    t.mock.restoreAll();
  }
});

test('hashes that are held are enough', async (t) => {
  const w = world(t, { hashes: null });
  await w.store.takeHashes(w.chunk.entry.record, made.hashes);
  const fetching = w.fetch(8, 3);
  await w.send(made.bytes.slice(8192, 9500));
  await w.send(made.bytes.slice(9500));
  w.end();
  await fetching;
  assert.deepEqual(w.log, ['arrived 5 8 1', 'arrived 5 9 2', 'fetched 5 8 3 true']);
});

test('what came of a fetch that breaks off is kept, and nothing is told after its end', async (t) => {
  const w = world(t);
  const fetching = w.fetch(0, 11);
  await w.send(made.bytes.slice(0, 3000));
  await w.logged(2);
  w.end(new Error('reset'));
  await fetching;
  assert.deepEqual(w.log, ['hashes 5', 'arrived 5 0 2', 'fetched 5 0 11 false']);
  assert.equal(w.edge.bad, 0);
});

test('more bytes than there should be are an error, and none are told twice', async (t) => {
  const w = world(t);
  const fetching = w.fetch(0, 11);
  await w.send(new Uint8Array(Buffer.concat([made.bytes, made.bytes])));
  await fetching;
  assert.deepEqual(w.log, ['hashes 5', 'arrived 5 0 11', 'fetched 5 0 11 false']);
});

test('a chunk that is dropped meanwhile stays dropped', async (t) => {
  const w = world(t);
  const fetching = w.fetch(0, 11);
  await w.send(made.bytes.slice(0, 3000));
  await w.logged(2);
  w.store.drop(w.chunk.entry.record.id);
  w.chunks.drop(w.chunk);
  await w.send(made.bytes.slice(3000));
  w.end();
  await fetching;
  assert.deepEqual(w.log, ['hashes 5', 'arrived 5 0 2', 'fetched 5 0 11 false']);
  assert.equal(w.store.bytes, 0);
  assert.equal(w.edge.bad, 0);
});

test('a chunk of which only a record is known cannot be fetched', async (t) => {
  const w = world(t, { uri: '' });
  await w.fetch(0, 11);
  assert.deepEqual([w.log, w.asked], [['fetched 5 0 11 false'], []]);
});

test('what is given up is told to have failed, and what is asked for later comes', async (t) => {
  const w = world(t);
  const first = w.fetch(0, 11);
  await w.send(made.bytes.slice(0, 3000));
  w.giveUp();
  await first;
  assert.equal(w.log.at(-1), 'fetched 5 0 11 false');
  const again = w.fetch(0, 11);
  await w.send(made.bytes);
  w.end();
  await again;
  assert.equal(w.log.at(-1), 'fetched 5 0 11 true');
});
