// A viewer's part in the swarm: what happens is told to the scheduler, and what it asks for is carried out. This is
// the only file that knows the leaves (tracker, peer, edge, store, record, scheduler), and the same loop as the native
// viewer's, swarm/viewer.
//
// The law it keeps: a viewer with the swarm is never worse off than one without. Playback begins from the edge at
// once; the swarm is joined beside it, after the first media came. What the swarm has not brought shortly before the
// playhead gets there is given back to hls.js, to fetch it from the edge. Without tracker, WebRTC, WebAssembly, key
// or luck nothing of this happens, and hls.js plays on as if it were alone.

import { type Chunk, Chunks, wake } from './chunks.ts';
import { Edge } from './edge.ts';
import { readListing } from './listing.ts';
import type { MediaSource, Taken, Wanted } from './loader.ts';
import { type Call, Loop } from './loop.ts';
import { Parking } from './parking.ts';
import { PeerLink } from './peer.ts';
import type { PlaylistReader } from './playlist.ts';
import { type Entry, INIT, RecordBook } from './record.ts';
import { type Action, INPUT_SIZE, Kind, Scheduler } from './scheduler.ts';
import { onSelfChange, selfFlags, WEIGHT } from './self.ts';
import { NO_TRAFFIC, type P2P, type Traffic } from './stats.ts';
import { Store } from './store.ts';
import { Tracker } from './tracker.ts';

export interface SessionOptions {
  name: string; // of the stream
  key: string | (() => Promise<string>); // the stream's public key, base64; '' if there is none
  tracker: string; // URL, absolute; '' for none
  wasm: string; // URL of shoal.wasm
  token: string; // viewer token for the tracker, '' for none
  p2p: boolean; // false: no swarm
  // secondsUntil tells in how many seconds the playhead gets to a place of the media timeline.
  secondsUntil(start: number): number;
  // steady tells whether playback has begun, with something in its buffer: joining may take the machine's time then.
  steady(): boolean;
  // beacon returns what to tell the tracker, the differences since it was last called.
  beacon(): number[];
}

interface Frame {
  peer: number;
  bytes: Uint8Array<ArrayBuffer>;
  at: number; // when it came
}

interface Link {
  peer: PeerLink;
  up: boolean;
  told: number; // when the scheduler was last told how much waits to be sent
}

const HEADER = 24; // of a frame
const BULK = 0x80; // frames from this type on carry media or hashes
const VERIFY_MILLIS = 250; // how long media waits for the record to be verified
const MOST_SEGMENTS = 64; // whose parts are remembered
const MOST_EARLY = 64; // chunks that are kept before there is a scheduler
const APPEND_MILLIS = 120; // what hls.js and MSE take from the bytes to the picture
const LAST_MARGIN = 100;
const FIRST_MARGIN = 40; // the scheduler's time to act on what is needed at once
const STEADY_MILLIS = 2500; // joining does not wait longer for playback to be steady
const KEY_RETRY_MILLIS = 15000;

export class Session implements MediaSource, PlaylistReader {
  readonly #options: SessionOptions;
  readonly #edge = new Edge();
  readonly #store = new Store();
  readonly #traffic: Traffic = { ...NO_TRAFFIC };
  readonly #over = new AbortController();
  #p2p: P2P = 'off';
  #began = false; // to join
  #notBefore = 0;
  #firstAt = 0; // when the first media came

  // records
  #book: RecordBook | null = null;
  #playlist: { url: string; text: string } | null = null; // the last, for a book that comes late
  readonly #segments = new Map<string, string[]>();
  #listed: string[] = []; // URIs with records in the last playlist, those at the live edge first
  readonly #chunks = new Chunks();

  // the scheduler
  #loop: Loop<Scheduler, Action, Frame> | null = null;
  #seconds: ReturnType<typeof setInterval> | undefined;
  #beaconAt = 0;

  // the network
  #tracker: Tracker | null = null;
  #iceServers: RTCIceServer[] = [];
  readonly #links = new Map<number, Link>();
  readonly #parking = new Parking<Frame>();

  constructor(options: SessionOptions) {
    this.#options = options;
    if (!options.p2p || options.tracker === '' || !supported()) return;
    this.#p2p = 'joining';
    if (typeof options.key === 'string') this.#open(options.key);
  }

  get traffic(): Traffic {
    const peers = [...this.#links.values()].filter((link) => link.up).length;
    return { ...this.#traffic, bytesFromEdge: this.#edge.bytes, edgeRequests: this.#edge.requests, peers, p2p: this.#p2p };
  }

  // playlist learns what a playlist lists. It returns at once.
  playlist(url: string, text: string): void {
    this.#playlist = { url, text };
    const book = this.#book;
    if (!book) return;
    const { records, segments } = readListing(text, url);
    for (const [uri, parts] of segments) this.#segments.set(uri, parts);
    while (this.#segments.size > MOST_SEGMENTS) this.#segments.delete(this.#segments.keys().next().value ?? '');
    this.#listed = records.sort((a, b) => a.age - b.age).map(({ uri }) => uri);
    for (const { uri, text: record, age, place } of records) {
      const entry = book.note(uri, record, age, place);
      void entry?.verified.then((truth) => {
        if (truth) this.#learn(entry);
      });
    }
  }

  // take gets a chunk, or a segment out of its parts, through the swarm.
  take({ url, start, signal }: Wanted): Promise<Taken> | null {
    if (!this.#loop) return null;
    const entries = this.#entries(url);
    return entries && this.#gather(entries, start, signal);
  }

  // fetched keeps what hls.js has loaded from the edge by itself, if its record is true.
  fetched(url: string, bytes: Uint8Array<ArrayBuffer>, millis: number): void {
    this.#edge.note(bytes.length, millis);
    const entries = this.#entries(url);
    if (entries) {
      let at = 0;
      for (const entry of entries) {
        void this.#keepPlain(entry, bytes.subarray(at, at + entry.record.size));
        at += entry.record.size;
      }
    } else {
      this.#traffic.chunksFromEdge++;
    }
    if (entries?.[0]?.record.kind !== INIT) this.#begin();
  }

  close(): void {
    this.#call((s, now) => s.leave(now));
    this.#end('off');
    this.#over.abort();
  }

  // --- beginning and end ---

  #open(key: string): void {
    if (key === '' || this.#book || this.#p2p === 'off') return;
    this.#book = new RecordBook(key);
    if (this.#playlist) this.playlist(this.#playlist.url, this.#playlist.text);
  }

  #begin(): void {
    const now = performance.now();
    if (this.#began || this.#p2p !== 'joining' || now < this.#notBefore) return;
    this.#firstAt ||= now;
    if (!this.#options.steady() && now - this.#firstAt < STEADY_MILLIS) return;
    this.#began = true;
    this.#join().catch((error: unknown) => this.#fail(error));
  }

  async #join(): Promise<void> {
    const { key, wasm, name, token } = this.#options;
    if (typeof key !== 'string') this.#open(await key().catch(() => ''));
    if (!this.#book) { // a chunk that comes later tries again
      this.#began = false;
      this.#notBefore = performance.now() + KEY_RETRY_MILLIS;
      return;
    }
    const scheduler = await Scheduler.load(wasm, this.#over.signal);
    if (this.#over.signal.aborted) return;
    this.#loop = new Loop<Scheduler, Action, Frame>(scheduler, {
      act: (action, frame) => this.#act(action, frame),
      settled: () => this.#settled(scheduler),
      failed: (error) => this.#fail(error),
    });
    const secret = crypto.getRandomValues(new Uint8Array(16));
    this.#call((s) => s.start(secret, selfFlags(), WEIGHT, name, token));
    for (const uri of this.#listed) {
      const entry = this.#book?.get(uri);
      if (entry?.truth) this.#learn(entry);
    }
    if (this.#over.signal.aborted || !this.#book) return; // it has failed at once
    for (const chunk of this.#chunks.all()) if (chunk.handle === 0) this.#forget(chunk); // listed no longer

    const { signal } = this.#over;
    onSelfChange(() => this.#call((s, now) => s.self(now, selfFlags(), WEIGHT)), signal);
    window.addEventListener('pagehide', () => this.#call((s, now) => s.leave(now)), { signal });
    this.#seconds = setInterval(() => this.#beacon(), 1000);

    this.#tracker = new Tracker(this.#options.tracker, {
      up: () => this.#call((s, now) => s.trackerUp(now)),
      message: (bytes) => this.#call((s, now) => s.trackerMessage(now, bytes)),
      down: () => this.#call((s, now) => s.trackerDown(now)),
    });
    this.#tracker.open();
  }

  #fail(error: unknown): void {
    if (this.#over.signal.aborted) return;
    console.warn('shoal: playing without the swarm', error);
    this.#end('off');
  }

  // end leaves the swarm for good; hls.js plays on.
  #end(p2p: P2P): void {
    this.#p2p = p2p;
    this.#book = null;
    this.#loop?.close();
    this.#loop = null;
    clearInterval(this.#seconds);
    this.#tracker?.close();
    for (const { peer } of this.#links.values()) peer.close();
    this.#links.clear();
    this.#parking.leave(0);
    this.#chunks.clear();
    this.#store.clear();
  }

  #beacon(): void {
    this.#call((s, now) => {
      const every = s.beaconSeconds * 1000;
      if (every === 0 || now - this.#beaconAt < every) return [];
      this.#beaconAt = now;
      return s.beacon(now, this.#options.beacon());
    });
  }

  // --- chunks ---

  #forget(chunk: Chunk): void {
    this.#store.drop(chunk.entry.record.id);
    this.#chunks.drop(chunk);
  }

  // entries returns the records that describe a URL: its own, or those of all its parts.
  #entries(url: string): Entry[] | null {
    const book = this.#book;
    if (!book) return null;
    const own = book.get(url);
    if (own) return [own];
    const parts = this.#segments.get(url)?.map((uri) => book.get(uri));
    return parts?.every((entry) => entry !== undefined) ? parts : null;
  }

  #learn(entry: Entry): void {
    if (!this.#loop) return; // it will be, once there is a scheduler, if it is still listed then
    const { record } = entry;
    const chunk = this.#chunks.of(entry);
    this.#call((s, now) => {
      if (chunk.handle !== 0) return [];
      const { chunk: handle, actions } = s.learn(now, record.bytes, entry.age);
      if (handle === 0) {
        this.#forget(chunk); // stale
        return actions;
      }
      this.#chunks.name(chunk, handle);
      if (this.#store.whole(record.id)) this.#held(chunk);
      return actions;
    });
    this.#unpark();
  }

  async #gather(entries: Entry[], start: number | null, signal: AbortSignal): Promise<Taken> {
    const begun = performance.now();
    const verified = Promise.all(entries.map((entry) => entry.truth ?? entry.verified));
    const truths = await Promise.race([verified, after(VERIFY_MILLIS)]);
    if (!truths?.every((truth) => truth)) throw new Error('session: no true record');
    let place = start;
    const each = entries.map(async (entry) => {
      const seconds = place === null ? 0 : this.#options.secondsUntil(place);
      if (place !== null) place += entry.record.seconds;
      return this.#need(this.#chunks.of(entry), performance.now() + 1000 * seconds, signal);
    });
    const parts = await Promise.all(each);
    const bytes = parts.length === 1 && parts[0] ? parts[0] : joined(parts);
    const spent = performance.now() - begun;
    return { bytes, millis: this.#edge.rate > 0 ? bytes.length / this.#edge.rate : spent };
  }

  // need waits until the chunk is whole, but not past the moment when the edge must be asked for the playhead's sake.
  async #need(chunk: Chunk, deadline: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const { record } = chunk.entry;
    const held = this.#store.copy(record.id);
    if (held) return held;
    if (chunk.handle === 0) throw new Error('session: not learned');
    const last = deadline - LAST_MARGIN - 1.2 * this.#edge.millis; // when the edge has to be asked, come what may
    await new Promise<void>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const done = (): void => {
        clearTimeout(timer);
        chunk.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const late = (): void => {
        // what is on its way from the edge already is not fetched a second time, unless it takes strangely long
        const since = chunk.fetchingSince;
        if (since > 0 && performance.now() - since < Math.max(500, 4 * this.#edge.millis)) {
          timer = setTimeout(late, 50);
          return;
        }
        this.#traffic.rescues++;
        chunk.waiting.delete(done);
        signal.removeEventListener('abort', done);
        reject(new Error('session: late'));
      };
      chunk.waiting.add(done);
      signal.addEventListener('abort', done);
      timer = setTimeout(late, Math.max(FIRST_MARGIN, last - performance.now()));
      this.#call((s, now) => s.need(now, chunk.handle, Math.max(now, deadline - APPEND_MILLIS)));
    });
    const bytes = this.#store.copy(record.id);
    if (!bytes) throw new Error('session: given up');
    return bytes;
  }

  async #keepPlain(entry: Entry, bytes: Uint8Array): Promise<void> {
    if (!this.#loop && this.#chunks.size >= MOST_EARLY) {
      this.#traffic.chunksFromEdge++;
      return;
    }
    const chunk = this.#chunks.of(entry);
    if (!chunk.counted) this.#traffic.chunksFromEdge++;
    chunk.counted = true;
    const keeping = entry.verified.then(async (truth) => truth && (await this.#store.takeWhole(entry.record, bytes)) >= 0);
    chunk.keeping = keeping;
    const kept = await keeping;
    chunk.keeping = null;
    if (this.#loop && chunk.handle === 0) this.#forget(chunk); // the scheduler does not want it
    if (!kept) return;
    wake(chunk);
    if (chunk.handle !== 0) this.#held(chunk);
  }

  // held lets the scheduler know of a chunk that came without it: it asks to fetch it, and is told that it is there.
  #held(chunk: Chunk): void {
    this.#call((s, now) => s.need(now, chunk.handle, now));
  }

  async #fetch(chunk: Chunk, first: number, count: number): Promise<void> {
    const { uri, record } = chunk.entry;
    await chunk.keeping;
    const whole = (first === 0 && count === record.pieces) || !this.#store.hashes(record.id);
    if (this.#store.pieces(record.id, first, count)) {
      this.#report(chunk, first, count, true);
      return;
    }
    const range = whole ? null : { from: first * record.pieceSize, to: Math.min((first + count) * record.pieceSize, record.size) };
    chunk.fetchingSince = performance.now();
    let ok = false;
    try {
      const { bytes } = await this.#edge.fetch(uri, record.size, range, this.#over.signal);
      const fresh = whole ? await this.#store.takeWhole(record, bytes) : await this.#store.takePieces(record, first, count, bytes);
      ok = fresh >= 0;
    } catch {
      // told below; the scheduler asks again while the chunk is needed
    }
    chunk.fetchingSince = 0;
    this.#report(chunk, ok && whole ? 0 : first, ok && whole ? record.pieces : count, ok);
    if (ok) this.#unpark();
  }

  #report(chunk: Chunk, first: number, count: number, ok: boolean): void {
    this.#call((s, now) => s.fetched(now, chunk.handle, first, count, ok));
  }

  #complete(chunk: Chunk): void {
    if (!chunk.counted) {
      chunk.counted = true;
      if (chunk.fromPeers * 2 > chunk.entry.record.size) this.#traffic.chunksFromPeers++;
      else this.#traffic.chunksFromEdge++;
    }
    wake(chunk);
  }

  // --- the scheduler ---

  #call(call: Call<Scheduler, Action>, frame: Frame | null = null): void {
    this.#loop?.call(call, frame);
  }

  #settled(scheduler: Scheduler): void {
    if (scheduler.roster > 0 || scheduler.links > 0) this.#p2p = 'on';
    else if (this.#p2p === 'on') this.#p2p = 'joining';
  }

  #act(action: Action, frame: Frame | null): void {
    const { kind, peer, first, count, bytes } = action;
    const link = this.#links.get(peer);
    const chunk = this.#chunks.get(action.chunk);
    switch (kind) {
      case Kind.SendTracker:
        this.#tracker?.send(bytes);
        break;
      case Kind.ICEServers:
        this.#iceServers = readICEServers(new TextDecoder().decode(bytes));
        break;
      case Kind.Refused:
        console.warn('shoal: the tracker refuses:', new TextDecoder().decode(bytes));
        if (count === 0) this.#end('refused');
        this.#p2p = 'refused';
        this.#tracker?.refused(count);
        break;
      case Kind.Connect:
        this.#connect(peer, count === 1);
        break;
      case Kind.Signal:
        link?.peer.signal(bytes[0] ?? 0, new TextDecoder().decode(bytes.subarray(1)));
        break;
      case Kind.Disconnect:
        this.#links.delete(peer);
        link?.peer.close();
        break;
      case Kind.Send:
        link?.peer.send(bytes);
        break;
      case Kind.SendHashes:
        if (link && chunk) this.#sendWith(link, peer, bytes, this.#store.hashes(chunk.entry.record.id));
        break;
      case Kind.SendPieces: {
        const pieces = chunk && this.#store.pieces(chunk.entry.record.id, first, count);
        if (link && pieces && this.#sendWith(link, peer, bytes, pieces)) this.#traffic.bytesToPeers += pieces.length;
        break;
      }
      case Kind.Fetch:
        if (chunk) void this.#fetch(chunk, first, count);
        break;
      case Kind.TakeHashes:
        if (chunk && frame) void this.#takeHashes(chunk, frame);
        break;
      case Kind.TakePieces:
        if (chunk && frame) void this.#takePieces(chunk, first, count, frame);
        break;
      case Kind.Park:
        if (frame) this.#parking.park(frame);
        break;
      case Kind.Complete:
        if (chunk) this.#complete(chunk);
        break;
      case Kind.Drop:
        if (chunk) this.#forget(chunk);
        break;
    }
  }

  // --- peers ---

  #connect(peer: number, initiator: boolean): void {
    try {
      const link = new PeerLink(this.#iceServers, initiator, {
        signal: (kind, text) => this.#call((s, now) => s.outSignal(now, peer, kind, text)),
        up: () => {
          const known = this.#links.get(peer);
          if (known) known.up = true;
          this.#call((s, now) => s.linkUp(now, peer));
        },
        message: (bytes) => this.#message({ peer, bytes, at: performance.now() }),
        drained: (buffered) => this.#call((s, now) => s.buffered(now, peer, buffered)),
        down: () => this.#lost(peer),
      });
      this.#links.set(peer, { peer: link, up: false, told: 0 });
    } catch {
      this.#call((s, now) => s.linkDown(now, peer)); // no more connections to be had
    }
  }

  #lost(peer: number): void {
    this.#links.get(peer)?.peer.close();
    this.#links.delete(peer);
    this.#call((s, now) => s.linkDown(now, peer));
  }

  #message(frame: Frame): void {
    const { peer, bytes } = frame;
    const bulk = (bytes[0] ?? 0) >= BULK;
    if (!bulk && bytes.length > INPUT_SIZE) {
      this.#lost(peer);
      return;
    }
    this.#tellBuffered(peer);
    const head = bulk ? bytes.subarray(0, HEADER) : bytes;
    this.#call((s, now) => s.frame(now, peer, head, bytes.length - head.length), frame);
  }

  #sendWith(link: Link, peer: number, header: Uint8Array, payload: Uint8Array | null): boolean {
    if (!payload) return false;
    const sent = link.peer.send(joined([header, payload]));
    this.#tellBuffered(peer);
    return sent;
  }

  #tellBuffered(peer: number): void {
    const link = this.#links.get(peer);
    const now = performance.now();
    if (!link?.up || now - link.told < 200) return;
    link.told = now;
    this.#call((s, at) => s.buffered(at, peer, link.peer.buffered));
  }

  async #takeHashes(chunk: Chunk, { peer, bytes }: Frame): Promise<void> {
    const ok = await this.#store.takeHashes(chunk.entry.record, bytes.subarray(HEADER));
    this.#call((s, now) => s.hashesTaken(now, peer, chunk.handle, ok));
    if (ok) this.#unpark();
  }

  async #takePieces(chunk: Chunk, first: number, count: number, { peer, bytes }: Frame): Promise<void> {
    const payload = bytes.subarray(HEADER);
    const fresh = await this.#store.takePieces(chunk.entry.record, first, count, payload);
    if (fresh < 0) {
      this.#traffic.badPieces++;
    } else {
      chunk.fromPeers += fresh;
      this.#traffic.bytesFromPeers += fresh;
      this.#traffic.duplicateBytes += payload.length - fresh;
    }
    this.#call((s, now) => s.piecesTaken(now, peer, chunk.handle, first, count, fresh >= 0));
  }

  // unpark hands parked frames in again.
  #unpark(): void {
    for (const frame of this.#parking.leave(performance.now())) this.#message(frame);
  }
}

// --- small things ---

function supported(): boolean {
  return typeof RTCPeerConnection === 'function' && typeof WebSocket === 'function' && typeof WebAssembly === 'object';
}

function readICEServers(text: string): RTCIceServer[] {
  return text.split('\n').filter((line) => line !== '').map((line) => {
    const [urls = '', username = '', credential = ''] = line.split('\0');
    return username === '' ? { urls } : { urls, username, credential };
  });
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function after(millis: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), millis));
}
