// What hls.js asks for, out of the swarm: a chunk, or a segment out of its parts, once it is whole here. What the swarm
// has not brought shortly before the playhead gets there is given back, to be fetched from the edge.

import type { Bandwidth } from './bandwidth.ts';
import type { Entry } from './book.ts';
import { joined } from './bytes.ts';
import { awaitWhole, type Chunk, type Chunks, wake } from './chunks.ts';
import type { Keep } from './keep.ts';
import type { Taken } from './loader.ts';

// What this file knows of the edge.
export interface Pace {
  readonly millis: number; // that a fetch lately took
  readonly bandwidth: Pick<Bandwidth, 'rate' | 'wait'>;
  reckon(sizes: number[]): number;
}

export interface GatheringEvents {
  need(chunk: Chunk, deadline: number): void;
  unneed(chunk: Chunk): void; // it is waited for no more
  late(): void; // one is given back
  secondsUntil(start: number): number; // until the playhead gets to a place of the media timeline
}

const VERIFY_MILLIS = 250; // how long media waits for the record to be verified
const APPEND_MILLIS = 120; // what hls.js and MSE take from the bytes to the picture
const LAST_MARGIN = 100;

export class Gathering {
  readonly #edge: Pace;
  readonly #store: Keep;
  readonly #chunks: Chunks;
  readonly #events: GatheringEvents;

  constructor(edge: Pace, store: Keep, chunks: Chunks, events: GatheringEvents) {
    this.#edge = edge;
    this.#store = store;
    this.#chunks = chunks;
    this.#events = events;
  }

  // again gives what was loaded before there was a scheduler: at the start of a stream hls.js may ask for the same parts
  // several times, until the first is appended.
  again(entries: Entry[]): Promise<Taken> | null {
    const parts = entries.map((entry) => this.#store.copy(entry.record.id)).filter((part) => part !== null);
    return parts.length === entries.length ? Promise.resolve(this.#taken(joined(parts), this.#edge.millis)) : null;
  }

  // gather gets a chunk, or all parts of a segment: hls.js has use for them only when the last one is there, so each is
  // needed when the playhead gets to the first.
  // It is waited for so many milliseconds at least.
  async gather(entries: Entry[], start: number | null, signal: AbortSignal, patience = 0): Promise<Taken> {
    const begun = performance.now();
    const verified = Promise.all(entries.map((entry) => entry.truth ?? entry.verified));
    const truths = await Promise.race([verified, after(VERIFY_MILLIS)]);
    if (!truths?.every((truth) => truth)) throw new Error('gathering: no true record');
    const deadline = performance.now() + 1000 * (start === null ? 0 : this.#events.secondsUntil(start));
    const last = Math.max(begun + patience, deadline - LAST_MARGIN - 1.2 * this.#edge.reckon(entries.map((entry) => entry.record.size)));
    const give = new AbortController();
    signal.addEventListener('abort', () => give.abort(), { signal: give.signal });
    if (signal.aborted) give.abort();
    const each = entries.map((entry) => this.#need(this.#chunks.of(entry), deadline, last, give.signal));
    const parts = await Promise.all(each).finally(() => give.abort()); // where one is late, the others are no use
    const bytes = parts.length === 1 && parts[0] ? parts[0] : joined(parts);
    return this.#taken(bytes, performance.now() - begun);
  }

  // lack gives back at once what the edge has no more, and peers have not brought whole.
  lack(chunk: Chunk): void {
    this.#events.unneed(chunk);
    wake(chunk);
  }

  // taken says how long the bytes would have come from the edge alone. How long they were awaited here says when they were born, and how the
  // swarm passes them on; it is all that can be said while nothing is known of the edge.
  #taken(bytes: Uint8Array<ArrayBuffer>, awaited: number): Taken {
    const { rate, wait } = this.#edge.bandwidth;
    return rate > 0 ? { bytes, millis: bytes.length / rate, wait } : { bytes, millis: awaited, wait: 0 };
  }

  // need waits until the chunk is whole, but not past the last moment to ask the edge for the playhead's sake.
  async #need(chunk: Chunk, deadline: number, last: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const { record } = chunk.entry;
    const held = this.#store.copy(record.id);
    if (held) return held;
    if (chunk.handle === 0) throw new Error('gathering: not learned');
    const whole = awaitWhole(chunk, last, Math.max(500, 4 * this.#edge.millis), signal);
    this.#events.need(chunk, deadline - APPEND_MILLIS);
    await whole.catch((late: unknown) => {
      this.#events.late();
      this.#events.unneed(chunk); // hls.js gets all of it
      throw late;
    });
    const bytes = this.#store.copy(record.id);
    if (!bytes && signal.aborted) this.#events.unneed(chunk);
    if (!bytes) throw new Error('gathering: given up');
    return bytes;
  }
}

function after(millis: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), millis));
}
