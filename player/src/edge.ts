// Fetching from the edge: a whole chunk or a range of its bytes. Counts what truly arrived, also of fetches that fail.

export interface Fetched {
  bytes: Uint8Array<ArrayBuffer>;
  millis: number; // from the request to the last byte
}

export interface Range {
  from: number;
  to: number; // not included
}

const TIMEOUT = 10000;

export class Edge {
  requests = 0;
  bytes = 0; // all that arrived
  bad = 0; // answers that were not what a true record says
  #rate = 0;
  #millis = 0;

  // Bytes a millisecond that the edge has lately given, 0 while that is not known.
  get rate(): number {
    return this.#rate;
  }

  // How long a fetch has lately taken, in milliseconds, smoothed.
  get millis(): number {
    return this.#millis;
  }

  // reckon returns in how many milliseconds it would give chunks of these sizes in one answer. What it lately took for
  // one was the way there and one chunk's bytes.
  reckon(sizes: number[]): number {
    if (sizes.length === 1 || this.#rate === 0) return this.#millis;
    return this.#millis + sizes.reduce((sum, size) => sum + size, 0) / this.#rate;
  }

  // fetch rejects when the answer is not what was asked for, or more than limit bytes.
  async fetch(url: string, limit: number, range: Range | null, signal: AbortSignal, cache: RequestCache = 'default'): Promise<Fetched> {
    const start = performance.now();
    const give = new AbortController();
    const stop = (): void => give.abort();
    const timer = setTimeout(stop, TIMEOUT);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    this.requests++;
    try {
      const headers: HeadersInit = range ? { Range: `bytes=${range.from}-${range.to - 1}` } : {};
      const response = await fetch(url, { headers, signal: give.signal, cache, credentials: 'same-origin' });
      if (!response.ok || !response.body) throw new Error(`edge: ${response.status} for ${url}`);
      const all = await this.#read(response.body, limit);
      const millis = performance.now() - start;
      this.#learn(all.length, millis);
      return { bytes: range && response.status === 200 ? all.slice(range.from, range.to) : all, millis };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      give.abort(); // frees the connection if the body was not read to its end
    }
  }

  // distrust counts a false answer, and puts a new one in its place in the browser's cache: chunks are kept there for
  // ever, and each further try would get the same.
  async distrust(url: string, limit: number, signal: AbortSignal): Promise<void> {
    this.bad++;
    await this.fetch(url, limit, null, signal, 'reload').catch(() => undefined);
  }

  // note counts a fetch that others made.
  note(bytes: number, millis: number): void {
    this.requests++;
    this.bytes += bytes;
    this.#learn(bytes, millis);
  }

  async #read(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array<ArrayBuffer>> {
    const reader = body.getReader();
    const got: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      this.bytes += value.length;
      if (length > limit) throw new Error('edge: more bytes than there should be');
      got.push(value);
    }
    const all = new Uint8Array(length);
    let at = 0;
    for (const bytes of got) {
      all.set(bytes, at);
      at += bytes.length;
    }
    return all;
  }

  #learn(bytes: number, millis: number): void {
    this.#millis = this.#millis === 0 ? millis : 0.8 * this.#millis + 0.2 * millis;
    if (bytes < 4096) return; // says more of the way there than of its width
    const rate = bytes / Math.max(1, millis);
    this.#rate = this.#rate === 0 ? rate : 0.8 * this.#rate + 0.2 * rate;
  }
}
