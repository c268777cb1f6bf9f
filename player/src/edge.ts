// Fetching from the edge: a whole chunk or a range of its bytes, seen as they come, and playlists. Counts what truly
// arrived, also of fetches that fail.

import { Ahead } from './ahead.ts';
import { Arrivals } from './arrivals.ts';
import { Bandwidth, type Times } from './bandwidth.ts';
import { joined } from './bytes.ts';
import { MEMBER } from './headcount.ts';
import type { Pass } from './pass.ts';
import { Word } from './word.ts';

export interface Fetched {
  bytes: Uint8Array<ArrayBuffer>;
  millis: number; // from the request to the last byte
}

export interface Range {
  from: number;
  to: number; // not included
}

// Coming sees an answer before all of it is there.
export interface Coming {
  // begins tells where in the chunk the first byte stands, and the hashes of the chunk's pieces, base64, if they came.
  begins(from: number, hashes: string | null): void;
  bytes(bytes: Uint8Array): void;
}

const UNHELD = 60000; // milliseconds in which an edge that did not hold a request for what comes is not asked again
const DRAINED = 250; // milliseconds
const STOOD = 20; // an answer that was there for so long before it was read says nothing of how fast it came
const HASHES = 'Shoal-Pieces'; // the header that carries them
const TIMEOUT = 10000;
const RELOAD_TIMEOUT = 4000; // a part is not waited for much longer than it lasts
const MOST_TEXT = 16 << 20; // a playlist of a day of segments of one second is 7 MB

export class Edge {
  readonly #pass: Pass | null;
  readonly #member: () => boolean;
  requests = 0;
  bytes = 0; // of media, all that arrived
  bringsHashes = false; // with its answers, as far as is known
  bad = 0; // answers that were not what a true record says
  heardAt = -Infinity; // when it gave the last sign of life
  #ahead: Ahead | null = null;
  #asksAt = 0; // no request for what is not there yet before that: the last was not held
  readonly bandwidth = new Bandwidth();
  readonly arrivals = new Arrivals(); // of media
  #millis = 0;
  readonly #word = new Word((url, signal) => {
    this.requests++;
    return this.#request(url, { method: 'HEAD', cache: 'no-store' }, signal);
  }, () => this.bandwidth);

  // The pass goes along with each request, where there is one; with those for playlists, whether the viewer is in a swarm.
  constructor(pass: Pass | null = null, member = (): boolean => false) {
    this.#pass = pass;
    this.#member = member;
  }

  // How long a fetch has lately taken, in milliseconds, smoothed.
  get millis(): number {
    return this.#millis;
  }

  // reckon returns in how many milliseconds it would give chunks of these sizes in one answer. What it lately took for
  // one was the way there and one chunk's bytes.
  reckon(sizes: number[]): number {
    const { rate } = this.bandwidth;
    if (sizes.length === 1 || rate === 0) return this.#millis;
    return this.#millis + sizes.reduce((sum, size) => sum + size, 0) / rate;
  }

  // fetch rejects when the answer is not what was asked for, or more than limit bytes.
  async fetch(url: string, limit: number, range: Range | null, signal: AbortSignal, coming: Coming | null = null): Promise<Fetched> {
    const start = performance.now();
    const headers: HeadersInit = range ? { Range: `bytes=${range.from}-${range.to - 1}` } : {};
    const ahead = range === null && this.#ahead?.url === url ? this.#ahead : null;
    if (ahead) this.#ahead = null;
    const stop = (): void => ahead?.give(); // its answer is of a request of its own
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const answer = (await ahead?.take()) ?? null;
    signal.throwIfAborted();
    return this.#ask(url, { headers }, TIMEOUT, signal, async (response, body) => {
      const part = range !== null && response.status === 206;
      const hashes = response.headers.get(HASHES);
      this.bringsHashes = hashes !== null;
      coming?.begins(part ? range.from : 0, hashes);
      let came = 0;
      const stood = answer && ahead ? performance.now() - ahead.came : 0;
      if (stood <= STOOD) this.bandwidth.begins(answer ? null : start, performance.now() - stood);
      const all = await this.#read(body, limit, (bytes) => {
        came += bytes.length;
        this.bytes += bytes.length;
        this.arrivals.came(bytes.length, performance.now());
        coming?.bytes(bytes);
      }).finally(() => stood <= STOOD && this.bandwidth.ends(came, performance.now()));
      const millis = performance.now() - start;
      if (!answer) this.#took(millis); // one that was under way says nothing of the way there
      return { bytes: range && !part ? all.slice(range.from, range.to) : all, millis };
    }, answer).finally(() => {
      signal.removeEventListener('abort', stop);
      ahead?.give();
    });
  }

  // ahead asks for the part that comes next: the edge holds the request until it is there, and who fetches it then has the answer a round
  // trip sooner. One at a time; what nobody fetched is given up. An edge that does not hold it is not asked again for a minute.
  ahead(url: string, signal: AbortSignal): void {
    if (this.#ahead?.url === url || performance.now() < this.#asksAt || signal.aborted) return;
    this.#ahead?.give();
    const ask = async (give: AbortSignal): Promise<Response | null> => {
      this.requests++;
      const response = await this.#request(url, {}, give);
      if (!response.ok) this.#asksAt = performance.now() + UNHELD;
      return response.ok ? response : null;
    };
    this.#ahead = new Ahead(url, ask, signal, (bytes) => (this.bytes += bytes));
  }

  // giveUp: what comes next is not asked for ahead any more.
  giveUp(): void {
    this.#ahead?.give();
    this.#ahead = null;
  }

  // hears tells whether the edge answers as soon as it usually does.
  hears(url: string, signal: AbortSignal): Promise<boolean> {
    return this.#word.comes(url, signal);
  }

  // rests settles once the edge answers again, or what was on its way before must have come.
  async rests(): Promise<void> {
    await Promise.race([this.#word.settled, new Promise((resolve) => setTimeout(resolve, DRAINED))]);
  }

  // reload gets a playlist, by a request that is held until there is more of it. The browser is not to keep it: a request
  // of hls.js for the same would wait behind ours.
  async reload(url: string, signal: AbortSignal): Promise<string> {
    const read = async (_: Response, body: ReadableStream<Uint8Array>): Promise<string> => new TextDecoder().decode(await this.#read(body, MOST_TEXT));
    return this.#ask(url, { cache: 'no-store', headers: this.#member() ? MEMBER : {} }, RELOAD_TIMEOUT, signal, read);
  }

  // distrust counts a false answer, and puts a new one in its place in the browser's cache: chunks are kept there for
  // ever, and each further try would get the same.
  async distrust(url: string, limit: number, signal: AbortSignal): Promise<void> {
    this.bad++;
    const read = (_: Response, body: ReadableStream<Uint8Array>): Promise<unknown> => this.#read(body, limit, (bytes) => (this.bytes += bytes.length));
    await this.#ask(url, { cache: 'reload' }, TIMEOUT, signal, read).catch(() => undefined);
  }

  // note counts what others have fetched; the request they have counted before.
  note(bytes: number, times: Times): void {
    this.heard();
    this.bytes += bytes;
    this.bandwidth.came(bytes, times);
    this.arrivals.came(bytes, times.end, times.first);
    this.#took(times.end - times.start);
  }

  // heard tells that it gave one, to who asks it for something else.
  heard(): void {
    this.heardAt = performance.now();
  }

  async #request(url: string, init: RequestInit, signal: AbortSignal): Promise<Response> {
    const full: RequestInit = { ...init, signal, credentials: 'same-origin' };
    const response = await (this.#pass ? this.#pass.fetch(url, full) : fetch(url, full));
    this.heard();
    return response;
  }

  // ask makes a request, unless it has the answer, and has that read, in so many milliseconds.
  async #ask<T>(
    url: string, init: RequestInit, timeout: number, signal: AbortSignal,
    read: (response: Response, body: ReadableStream<Uint8Array>) => Promise<T>, answer: Response | null = null,
  ): Promise<T> {
    const give = new AbortController();
    const stop = (): void => give.abort();
    const timer = setTimeout(stop, timeout);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    if (!answer) this.requests++;
    try {
      const response = answer ?? (await this.#request(url, init, give.signal));
      if (!response.ok || !response.body) throw new Error(`edge: ${response.status} for ${url}`);
      return await read(response, response.body);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      give.abort(); // frees the connection if the body was not read to its end
    }
  }

  async #read(body: ReadableStream<Uint8Array>, limit: number, saw?: (bytes: Uint8Array) => void): Promise<Uint8Array<ArrayBuffer>> {
    const reader = body.getReader();
    const got: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      this.heard();
      length += value.length;
      saw?.(value);
      if (length > limit) throw new Error('edge: more bytes than there should be');
      got.push(value);
    }
    return joined(got);
  }

  #took(millis: number): void {
    this.#millis = this.#millis === 0 ? millis : 0.8 * this.#millis + 0.2 * millis;
  }
}
