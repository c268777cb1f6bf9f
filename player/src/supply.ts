// What hls.js plays: from here it takes what others or the store have, and here it brings what it has loaded from the edge by itself, which is counted, is
// checked where its record is known, and may be passed on.

import type { Bandwidth, Times } from './bandwidth.ts';
import type { Entry } from './book.ts';
import type { Chunks } from './chunks.ts';
import type { Fetches } from './fetches.ts';
import type { Gathering } from './gathering.ts';
import type { Taken, Wanted } from './loader.ts';
import type { Membership } from './membership.ts';
import { INIT, MAX_CHUNK } from './record.ts';
import type { Traffic } from './stats.ts';

// What this file knows of the edge.
interface Server {
  requests: number;
  readonly bandwidth: Bandwidth;
  note(bytes: number, times: Times): void;
  fetch(url: string, limit: number, range: null, signal: AbortSignal): Promise<{ bytes: Uint8Array<ArrayBuffer> }>;
}

export interface Supplied {
  edge: Server;
  chunks: Chunks;
  fetches: Fetches;
  gathering: Gathering;
  membership: Membership;
  traffic: Traffic;
  entries(url: string): Entry[] | null | undefined; // that a URL is known to be of
  swarming(): boolean; // there is a scheduler
  begin(): void; // media has come
}

export class Supply {
  readonly #by: Supplied;

  constructor(by: Supplied) {
    this.#by = by;
  }

  // take gets a chunk, or a segment out of its parts, through the swarm.
  take({ url, start, signal, patience }: Wanted): Promise<Taken> | null {
    const { gathering, membership, swarming } = this.#by;
    const entries = this.#by.entries(url);
    if (!entries) return null;
    return swarming() && !membership.apart ? gathering.gather(entries, start, signal, patience) : gathering.again(entries);
  }

  // requested counts a request of hls.js to the edge. What it loads again at the start comes from the browser's cache.
  requested(url: string): void {
    if (!this.#again(url)) this.#by.edge.requests++;
  }

  // fetched keeps what hls.js has loaded from the edge by itself, if its record is true. Where that is known to be true
  // already, it tells whether these are the chunk's bytes.
  fetched(url: string, bytes: Uint8Array<ArrayBuffer>, times: Times): Promise<boolean> | null {
    const { edge, fetches, membership, traffic } = this.#by;
    const entries = this.#by.entries(url);
    if (!this.#again(url)) edge.note(bytes.length, times);
    if (entries?.[0]?.record.kind !== INIT) this.#by.begin();
    if (entries) {
      const verdict = fetches.loaded(url, entries, bytes);
      return membership.began ? verdict : null; // the first picture waits for no hashes, as without the swarm
    }
    traffic.chunksFromEdge++;
    return null;
  }

  // bring loads a part from the edge, if it is what its record says where that is known.
  async bring(url: string, signal: AbortSignal): Promise<Taken> {
    const { edge, fetches } = this.#by;
    const begun = performance.now();
    const { bytes } = await edge.fetch(url, MAX_CHUNK, null, signal);
    const entries = this.#by.entries(url);
    if (entries && (await fetches.loaded(url, entries, bytes.slice())) === false) throw new Error('supply: not what its record says');
    const { rate, wait } = edge.bandwidth;
    return rate > 0 ? { bytes, millis: bytes.length / rate, wait } : { bytes, millis: performance.now() - begun, wait: 0 };
  }

  #again(url: string): boolean {
    return this.#by.entries(url)?.every((entry) => this.#by.chunks.byID(entry.record.id)?.counted) ?? false;
  }
}
