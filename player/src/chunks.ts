// What the session knows of each chunk beside its bytes: its record, the scheduler's handle for it, where it came
// from, and who waits for it.

import type { Entry } from './record.ts';

export interface Chunk {
  readonly entry: Entry;
  handle: number; // the scheduler's name for it; 0 before it is learned
  fromPeers: number; // bytes
  counted: boolean; // in chunksFromPeers or chunksFromEdge
  keeping: Promise<unknown> | null; // hls.js has fetched it, and it is being verified
  fetchingSince: number; // 0: the scheduler has nothing of it on its way from the edge
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
      chunk = { entry, handle: 0, fromPeers: 0, counted: false, keeping: null, fetchingSince: 0, waiting: new Set() };
      this.#byID.set(id, chunk);
    }
    return chunk;
  }

  get(handle: number): Chunk | undefined {
    return this.#byHandle.get(handle);
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
