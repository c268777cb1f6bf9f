// What peers send: hashes and pieces are verified against the chunk's record, kept if they are true, and the outcome
// is told. What is missing is not told: the chunk was dropped, or evicted, and the peer is not to blame.

import type { Chunk } from './chunks.ts';
import { type Keep, MISSING } from './keep.ts';
import { type Frame, HEADER } from './links.ts';

export interface GiftsEvents {
  hashes(peer: number, chunk: Chunk, ok: boolean): void;
  pieces(peer: number, chunk: Chunk, first: number, count: number, ok: boolean): void;
}

export class Gifts {
  bytes = 0; // that were new
  bad = 0; // messages
  readonly #store: Keep;
  readonly #events: GiftsEvents;

  constructor(store: Keep, events: GiftsEvents) {
    this.#store = store;
    this.#events = events;
  }

  async takeHashes(chunk: Chunk, { peer, bytes }: Frame): Promise<void> {
    const taken = await this.#store.takeHashes(chunk.entry.record, bytes.subarray(HEADER));
    if (taken !== MISSING) this.#events.hashes(peer, chunk, taken >= 0);
  }

  async takePieces(chunk: Chunk, first: number, count: number, { peer, bytes }: Frame): Promise<void> {
    const payload = bytes.subarray(HEADER);
    const fresh = await this.#store.takePieces(chunk.entry.record, first, count, payload);
    if (fresh === MISSING) return;
    if (fresh < 0) {
      this.bad++;
    } else {
      chunk.fromPeers += fresh;
      this.bytes += fresh;
    }
    this.#events.pieces(peer, chunk, first, count, fresh >= 0);
  }
}
