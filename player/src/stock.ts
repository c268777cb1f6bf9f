// The chunks that a session knows of, with what is there of them, and what the scheduler is told of that.

import type { Entry } from './book.ts';
import { type Chunk, type Chunks, wake } from './chunks.ts';
import type { Keep } from './keep.ts';
import type { Call } from './loop.ts';
import type { ChunkRecord } from './record.ts';
import type { Traffic } from './stats.ts';

// What this file knows of the scheduler. A chunk that it knows has a handle there; 0: it is stale.
export interface Listener<Action> {
  learn(now: number, record: Uint8Array, age: number): { chunk: number; actions: Action[] };
  recordTaken(now: number, peer: number, record: Uint8Array, ok: boolean): { chunk: number; actions: Action[] };
  hashesTaken(now: number, peer: number, chunk: number, ok: boolean): Action[];
  held(now: number, chunk: number): Action[];
  fetched(now: number, chunk: number, first: number, count: number, ok: boolean): Action[];
}

export interface StockEvents<Action> {
  call(call: Call<Listener<Action>, Action>): void; // of the scheduler, if there is one
  begun(): boolean; // there is one
  enter(record: ChunkRecord): Entry; // into the book
  unpark(): void; // frames that waited for what is known now
}

export class Stock<Action> {
  readonly #store: Pick<Keep, 'whole' | 'drop'>;
  readonly #chunks: Chunks;
  readonly #traffic: Traffic;
  readonly #events: StockEvents<Action>;

  constructor(store: Pick<Keep, 'whole' | 'drop'>, chunks: Chunks, traffic: Traffic, events: StockEvents<Action>) {
    this.#store = store;
    this.#chunks = chunks;
    this.#traffic = traffic;
    this.#events = events;
  }

  // forget: the chunk is not served any more, nor taken again.
  forget(chunk: Chunk | undefined): void {
    if (!chunk) return;
    this.#store.drop(chunk.entry.record.id);
    this.#chunks.drop(chunk);
  }

  learn(entry: Entry): void {
    if (!this.#events.begun()) return; // it will be, once there is a scheduler, if it is still listed then
    const chunk = this.#chunks.of(entry);
    this.#events.call((s, now) => {
      if (chunk.handle !== 0) return [];
      const { chunk: handle, actions } = s.learn(now, entry.record.bytes, entry.age);
      this.#name(chunk, handle);
      return actions;
    });
    this.#events.unpark();
  }

  // recordTaken tells of a peer's record: null where it is not true. Its chunk is known before it is acted on.
  recordTaken(peer: number, bytes: Uint8Array, record: ChunkRecord | null): void {
    this.#events.call((s, now) => {
      const { chunk: handle, actions } = s.recordTaken(now, peer, bytes, record !== null);
      if (record && handle !== 0) {
        const chunk = this.#chunks.of(this.#events.enter(record));
        if (chunk.handle === 0) this.#name(chunk, handle);
      }
      return actions;
    });
    this.#events.unpark();
  }

  hashesTaken(peer: number, chunk: Chunk, ok: boolean): void {
    this.#events.call((s, now) => s.hashesTaken(now, peer, chunk.handle, ok));
    if (ok) this.#events.unpark();
  }

  // held lets the scheduler know of a chunk that came without it.
  held(chunk: Chunk): void {
    this.#events.call((s, now) => s.held(now, chunk.handle));
  }

  fetched(chunk: Chunk, first: number, count: number, ok: boolean): void {
    this.#events.call((s, now) => s.fetched(now, chunk.handle, first, count, ok));
    if (ok) this.#events.unpark();
  }

  complete(chunk: Chunk): void {
    this.count(chunk, chunk.fromPeers * 2 > chunk.entry.record.size);
    wake(chunk);
  }

  // count a chunk once, as what most of it came from.
  count(chunk: Chunk, fromPeers: boolean): void {
    if (chunk.counted) return;
    chunk.counted = true;
    if (fromPeers) this.#traffic.chunksFromPeers++;
    else this.#traffic.chunksFromEdge++;
  }

  // name gives a chunk the handle that the scheduler has for it; it has none for what is stale.
  #name(chunk: Chunk, handle: number): void {
    if (handle === 0) {
      this.forget(chunk);
      return;
    }
    this.#chunks.name(chunk, handle);
    if (this.#store.whole(chunk.entry.record.id)) this.held(chunk);
  }
}
