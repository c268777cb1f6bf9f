// What the session knows of each chunk beside its bytes: its record, the scheduler's handle for it, where it came
// from, and who waits for it.

import type { Entry } from './book.ts';

const FIRST_MARGIN = 40; // milliseconds: the scheduler's time to act on what is needed at once

export interface Chunk {
  entry: Entry;
  handle: number; // the scheduler's name for it; 0 before it is learned
  fromPeers: number; // bytes
  counted: boolean; // in chunksFromPeers or chunksFromEdge
  keeping: Promise<unknown> | null; // hls.js has fetched it, and it is being verified
  fetches: number; // that are on their way from the edge for the scheduler
  fetchingSince: number; // when the oldest of them began; 0: there is none
  readonly waiting: Set<() => void>; // called once, when it is whole or will not be
}

export class Chunks {
  readonly #byID = new Map<string, Chunk>();
  readonly #byHandle = new Map<number, Chunk>();

  // of returns the chunk that a record describes; it is new if it is not known.
  of(entry: Entry): Chunk {
    const { id } = entry.record;
    let chunk = this.#byID.get(id);
    if (!chunk) {
      chunk = { entry, handle: 0, fromPeers: 0, counted: false, keeping: null, fetches: 0, fetchingSince: 0, waiting: new Set() };
      this.#byID.set(id, chunk);
    }
    if (chunk.entry.uri === '') chunk.entry = entry; // a peer told of it before a playlist said where it is
    return chunk;
  }

  get(handle: number): Chunk | undefined {
    return this.#byHandle.get(handle);
  }

  byID(id: string): Chunk | undefined {
    return this.#byID.get(id);
  }

  // has tells whether a chunk is known still.
  has(chunk: Chunk): boolean {
    return this.#byID.get(chunk.entry.record.id) === chunk;
  }

  // name gives a chunk the scheduler's handle.
  name(chunk: Chunk, handle: number): void {
    chunk.handle = handle;
    this.#byHandle.set(handle, chunk);
  }

  all(): Chunk[] {
    return [...this.#byID.values()];
  }

  get size(): number {
    return this.#byID.size;
  }

  drop(chunk: Chunk): void {
    this.#byID.delete(chunk.entry.record.id);
    this.#byHandle.delete(chunk.handle);
    wake(chunk);
  }

  // clear forgets all; whoever waits is woken.
  clear(): void {
    for (const chunk of this.#byID.values()) wake(chunk);
    this.#byID.clear();
    this.#byHandle.clear();
  }
}

// wake calls all who wait for a chunk.
export function wake(chunk: Chunk): void {
  for (const done of [...chunk.waiting]) done();
  chunk.waiting.clear();
}

// awaitWhole waits until a chunk is whole or will not be, or until the signal ends it. It rejects at `last`: then the
// edge has to be asked. But what is on its way from there already is not fetched a second time, unless it takes
// strangely long: more than patience, in milliseconds.
export function awaitWhole(chunk: Chunk, last: number, patience: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = (): void => {
      clearTimeout(timer);
      chunk.waiting.delete(done);
      signal.removeEventListener('abort', done);
    };
    const done = (): void => {
      stop();
      resolve();
    };
    const late = (): void => {
      const since = chunk.fetchingSince;
      if (since > 0 && performance.now() - since < patience) {
        timer = setTimeout(late, 50);
        return;
      }
      stop();
      reject(new Error('chunks: late'));
    };
    if (signal.aborted) {
      resolve();
      return;
    }
    chunk.waiting.add(done);
    signal.addEventListener('abort', done);
    timer = setTimeout(late, Math.max(FIRST_MARGIN, last - performance.now()));
  });
}
