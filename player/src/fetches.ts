// What comes from the edge: the chunks that the scheduler wants fetched, and those that hls.js has loaded by itself. Where
// the edge sends the hashes of the pieces ahead of the media, each piece is verified, and may be passed on, while the
// rest is still coming; where it does not, a chunk is verified when all of it is there.

import type { Entry } from './book.ts';
import { type Chunk, type Chunks, wake } from './chunks.ts';
import { FALSE, type Keep, MISSING } from './keep.ts';
import { Narrows } from './narrows.ts';
import { fromBase64 } from './record.ts';
import { Runs } from './runs.ts';

// What this file knows of the edge.
export interface Source {
  readonly bringsHashes: boolean;
  readonly bandwidth: { readonly rate: number };
  fetch(url: string, limit: number, range: { from: number; to: number } | null, signal: AbortSignal, coming: Coming): Promise<{ bytes: Uint8Array }>;
  distrust(url: string, limit: number, signal: AbortSignal): Promise<void>;
}

export interface Coming {
  begins(from: number, hashes: string | null): void;
  bytes(bytes: Uint8Array): void;
}

export interface FetchesEvents {
  hashes(chunk: Chunk): void; // they are held
  arrived(chunk: Chunk, first: number, count: number): void; // held, of a fetch that goes on
  fetched(chunk: Chunk, first: number, count: number, ok: boolean): void;
  held(chunk: Chunk): void; // whole, though nobody asked for it
  loaded(chunk: Chunk): void; // by hls.js, true or not
  unwanted(chunk: Chunk): void; // that was loaded: the scheduler does not know it
  early(): boolean; // there is no scheduler yet
}

const NOTHING = new Uint8Array(0);
const MOST_EARLY = 64; // chunks that are kept before there is a scheduler

export class Fetches {
  readonly #edge: Source;
  readonly #store: Keep;
  readonly #chunks: Chunks;
  readonly #signal: AbortSignal;
  readonly #events: FetchesEvents;
  readonly #under = new Map<AbortController, Chunk>(); // fetches that are under way
  readonly #narrows: Narrows;

  constructor(edge: Source, store: Keep, chunks: Chunks, signal: AbortSignal, events: FetchesEvents) {
    this.#edge = edge;
    this.#store = store;
    this.#chunks = chunks;
    this.#signal = signal;
    this.#events = events;
    this.#narrows = new Narrows(() => edge.bandwidth.rate);
  }

  // fetch gets pieces of a chunk, or all of it where a part of it could not be verified.
  async fetch(chunk: Chunk, first: number, count: number): Promise<void> {
    const { uri, record } = chunk.entry;
    await chunk.keeping;
    if (this.#store.whole(record.id)) {
      this.#events.held(chunk);
      return;
    }
    const whole = (first === 0 && count === record.pieces) || !(this.#store.hashes(record.id) || this.#edge.bringsHashes);
    const range = whole ? null : { from: first * record.pieceSize, to: Math.min((first + count) * record.pieceSize, record.size) };
    if (chunk.fetches++ === 0) chunk.fetchingSince = performance.now();
    const stream = new Stream(this.#store, chunk, () => this.#chunks.has(chunk), this.#events);
    const give = new AbortController();
    const stop = (): void => give.abort();
    this.#signal.addEventListener('abort', stop);
    if (this.#signal.aborted) stop();
    this.#under.set(give, chunk);
    const size = range ? range.to - range.from : record.size;
    let ok = false;
    try {
      if (uri === '') throw new Error('fetches: it is not known where it is');
      await this.#narrows.enter(size, () => chunk.waiting.size > 0, give.signal);
      const come = this.#store.whole(record.id); // meanwhile
      const { bytes } = come ? { bytes: NOTHING } : await this.#edge.fetch(uri, record.size, range, give.signal, stream);
      const streamed = await stream.done;
      if (come || (streamed && this.#store.pieces(record.id, first, count))) {
        ok = true;
      } else if (this.#chunks.has(chunk)) { // it may have been dropped meanwhile
        const kept = whole ? await this.#store.takeWhole(record, bytes) : await this.#store.takePieces(record, first, count, bytes);
        if (kept === FALSE) void this.#edge.distrust(uri, record.size, this.#signal);
        ok = kept >= 0;
      }
    } catch {
      // told below; the scheduler asks again while the chunk is needed
    }
    if (uri !== '') this.#narrows.leave(size);
    this.#signal.removeEventListener('abort', stop);
    this.#under.delete(give);
    await stream.done; // nothing arrives of a fetch that is over
    if (--chunk.fetches === 0) chunk.fetchingSince = 0;
    this.#events.fetched(chunk, ok && whole ? 0 : first, ok && whole ? record.pieces : count, ok);
  }

  // full: what is asked for now waits for its turn, or nearly, since the link is narrow.
  get full(): boolean {
    return this.#narrows.full;
  }

  // giveUp ends those that are under way and that nobody waits for here: the scheduler is told that they failed.
  giveUp(): void {
    for (const [give, chunk] of this.#under) if (chunk.waiting.size === 0) give.abort();
  }

  // loaded keeps what hls.js has loaded by itself of some chunks, one after the other, if their records are true. Where
  // that is known already, it tells whether these are the chunks' bytes.
  loaded(url: string, entries: Entry[], bytes: Uint8Array): Promise<boolean> | null {
    let at = 0;
    const keeping = entries.map((entry) => {
      const from = at;
      at += entry.record.size;
      return this.#keep(entry, bytes.subarray(from, at));
    });
    const verdict = Promise.all(keeping).then((all) => {
      const differs = entries.every((entry) => entry.truth) && (at !== bytes.length || all.includes(FALSE));
      if (differs) void this.#edge.distrust(url, at, this.#signal);
      return !differs;
    });
    return entries.every((entry) => entry.truth) ? verdict : null;
  }

  // keep returns what the store says of the bytes; MISSING too where the record turns out not to be true.
  async #keep(entry: Entry, bytes: Uint8Array): Promise<number> {
    const tooMany = this.#events.early() && this.#chunks.size >= MOST_EARLY && !this.#chunks.byID(entry.record.id);
    const chunk = this.#chunks.of(entry);
    this.#events.loaded(chunk);
    const taking = entry.verified.then((truth) => (truth ? this.#store.takeWhole(entry.record, bytes) : MISSING));
    const keeping = taking.catch(() => MISSING); // the browser did not hash it
    chunk.keeping = keeping;
    const kept = await keeping;
    chunk.keeping = null;
    if (chunk.handle === 0 && (tooMany || !this.#events.early())) this.#events.unwanted(chunk);
    if (kept < 0) return kept;
    wake(chunk);
    if (chunk.handle !== 0) this.#events.held(chunk);
    return kept;
  }
}

// A Stream takes an answer of the edge while it comes.
class Stream implements Coming {
  done: Promise<boolean> = Promise.resolve(false); // whether all that came so far is true and kept; never rejects
  readonly #store: Keep;
  readonly #chunk: Chunk;
  readonly #alive: () => boolean; // the chunk was not dropped
  readonly #events: FetchesEvents;
  #runs: Runs | null = null;

  constructor(store: Keep, chunk: Chunk, alive: () => boolean, events: FetchesEvents) {
    this.#store = store;
    this.#chunk = chunk;
    this.#alive = alive;
    this.#events = events;
  }

  begins(from: number, text: string | null): void {
    const { record } = this.#chunk.entry;
    const hashes = text === null ? null : fromBase64(text);
    const held = this.#store.hashes(record.id) !== null;
    if (!held && !hashes) return;
    this.#runs = new Runs(record, from);
    this.done = held || !hashes ? Promise.resolve(true) : this.#takeHashes(hashes);
  }

  bytes(bytes: Uint8Array): void {
    const run = this.#runs?.take(bytes);
    if (run) this.done = this.#takePieces(this.done, run.first, run.count, run.bytes);
  }

  async #takeHashes(hashes: Uint8Array): Promise<boolean> {
    const taking = this.#alive() && this.#store.takeHashes(this.#chunk.entry.record, hashes);
    if (!(await kept(taking))) return false;
    this.#events.hashes(this.#chunk);
    return true;
  }

  // takePieces comes after what came before: what does not fit is not gone on with.
  async #takePieces(before: Promise<boolean>, first: number, count: number, bytes: Uint8Array): Promise<boolean> {
    const going = (await before) && this.#alive();
    if (!(await kept(going && this.#store.takePieces(this.#chunk.entry.record, first, count, bytes)))) return false;
    this.#events.arrived(this.#chunk, first, count);
    return true;
  }
}

// kept tells whether the store took something; not if the browser could not hash it.
async function kept(taking: Promise<number> | false): Promise<boolean> {
  try {
    return taking !== false && (await taking) >= 0;
  } catch {
    return false;
  }
}
