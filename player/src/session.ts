// A viewer's part in the swarm: what happens is told to the scheduler, and what it asks for is carried out. This is
// the only file that knows the leaves (tracker, peer, edge, store, record, scheduler), and the same loop as the native
// viewer's, swarm/viewer.
//
// The law it keeps: a viewer with the swarm is never worse off than one without. Playback begins from the edge at
// once; the swarm is joined beside it, after the first media came. What the swarm has not brought shortly before the
// playhead gets there is given back to hls.js, to fetch it from the edge. Without tracker, WebRTC, WebAssembly, key
// or luck nothing of this happens, and hls.js plays on as if it were alone.

import { type Entry, RecordBook } from './book.ts';
import { joined } from './bytes.ts';
import { awaitWhole, type Chunk, Chunks, wake } from './chunks.ts';
import { Edge } from './edge.ts';
import { type Frame, HEADER, Links } from './links.ts';
import type { MediaSource, Taken, Wanted } from './loader.ts';
import { type Call, Loop } from './loop.ts';
import { PeerLink, readICEServers } from './peer.ts';
import type { PlaylistReader } from './playlist.ts';
import { INIT } from './record.ts';
import { type Action, Kind, Scheduler } from './scheduler.ts';
import { onSelfChange, selfFlags } from './self.ts';
import { NO_TRAFFIC, type P2P, type Traffic } from './stats.ts';
import { FALSE, MISSING, Store } from './store.ts';
import { Tracker } from './tracker.ts';
import { Uplink } from './uplink.ts';

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

const VERIFY_MILLIS = 250; // how long media waits for the record to be verified
const MOST_EARLY = 64; // chunks that are kept before there is a scheduler
const APPEND_MILLIS = 120; // what hls.js and MSE take from the bytes to the picture
const LAST_MARGIN = 100;
const STEADY_MILLIS = 2500; // joining does not wait longer for playback to be steady
const KEY_RETRY_MILLIS = 15000;

export class Session implements MediaSource, PlaylistReader {
  readonly #options: SessionOptions;
  readonly #edge = new Edge();
  readonly #store = new Store((id) => this.#forget(this.#chunks.byID(id)));
  readonly #traffic: Traffic = { ...NO_TRAFFIC };
  readonly #over = new AbortController();
  #p2p: P2P = 'off';
  #began = false; // to join
  #notBefore = 0;
  #firstAt = 0; // when the first media came

  // records
  #book: RecordBook | null = null;
  #playlist: { url: string; text: string } | null = null; // the last, for a book that comes late
  readonly #chunks = new Chunks();

  // the scheduler
  #loop: Loop<Scheduler, Action, Frame> | null = null;
  #seconds: ReturnType<typeof setInterval> | undefined;
  #beaconAt = 0;

  // the network
  #tracker: Tracker | null = null;
  #iceServers: RTCIceServer[] = [];
  readonly #uplink = new Uplink();
  readonly #links: Links;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#links = new Links((initiator, events) => new PeerLink(this.#iceServers, initiator, events), {
      signal: (peer, kind, text) => this.#call((s, now) => s.outSignal(now, peer, kind, text)),
      up: (peer) => this.#call((s, now) => s.linkUp(now, peer)),
      frame: (frame, head) => this.#call((s, now) => s.frame(now, frame.peer, head, frame.bytes.length - head.length), frame),
      buffered: (peer, bytes) => this.#call((s, now) => s.buffered(now, peer, bytes)),
      down: (peer) => this.#call((s, now) => s.linkDown(now, peer)),
    });
    if (!options.p2p || options.tracker === '' || !supported()) return;
    this.#p2p = 'joining';
    if (typeof options.key === 'string') this.#open(options.key);
  }

  get traffic(): Traffic {
    const { bytes: bytesFromEdge, requests: edgeRequests, bad: badFetches } = this.#edge;
    const { up: peers, dropped: droppedSends } = this.#links;
    return { ...this.#traffic, bytesFromEdge, edgeRequests, badFetches, droppedSends, peers, p2p: this.#p2p };
  }

  // playlist learns what a playlist lists. It returns at once.
  playlist(url: string, text: string): void {
    this.#playlist = { url, text };
    this.#book?.read(text, url, (entry) => this.#learn(entry));
  }

  // take gets a chunk, or a segment out of its parts, through the swarm.
  take({ url, start, signal }: Wanted): Promise<Taken> | null {
    const entries = this.#book?.of(url);
    if (!entries) return null;
    return this.#loop ? this.#gather(entries, start, signal) : this.#again(entries);
  }

  // fetched keeps what hls.js has loaded from the edge by itself, if its record is true. Where that is known to be true
  // already, it tells whether these are the chunk's bytes.
  fetched(url: string, bytes: Uint8Array<ArrayBuffer>, millis: number): Promise<boolean> | null {
    const entries = this.#book?.of(url);
    const again = entries?.every((entry) => this.#chunks.byID(entry.record.id)?.counted);
    if (!again) this.#edge.note(bytes.length, millis); // what hls.js loads again so soon comes from the browser's cache
    if (entries?.[0]?.record.kind !== INIT) this.#begin();
    if (!entries) {
      this.#traffic.chunksFromEdge++;
      return null;
    }
    let at = 0;
    const kept = entries.map((entry) => {
      const from = at;
      at += entry.record.size;
      return this.#keepPlain(entry, bytes.subarray(from, at));
    });
    const verdict = Promise.all(kept).then((all) => {
      const differs = entries.every((entry) => entry.truth) && (at !== bytes.length || all.includes(FALSE));
      if (differs) void this.#edge.distrust(url, at, this.#over.signal);
      return !differs;
    });
    return entries.every((entry) => entry.truth) ? verdict : null;
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
    this.#call((s) => s.start(secret, selfFlags(), this.#uplink.weight, name, token));
    for (const entry of this.#book?.listed() ?? []) this.#learn(entry);
    if (this.#over.signal.aborted || !this.#book) return; // it has failed at once
    for (const chunk of this.#chunks.all()) if (chunk.handle === 0) this.#forget(chunk); // listed no longer

    const { signal } = this.#over;
    onSelfChange(() => this.#tellSelf(), signal);
    window.addEventListener('pagehide', () => this.#call((s, now) => s.leave(now)), { signal });
    this.#seconds = setInterval(() => this.#second(), 1000);

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
    this.#links.close();
    this.#chunks.clear();
    this.#store.close();
  }

  #tellSelf(): void {
    this.#call((s, now) => s.self(now, selfFlags(), this.#uplink.weight));
  }

  #second(): void {
    if (this.#uplink.saw(performance.now(), this.#links.backlog)) this.#tellSelf();
    this.#call((s, now) => {
      const every = s.beaconSeconds * 1000;
      if (every === 0 || !this.#tracker?.isUp || now - this.#beaconAt < every) return [];
      this.#beaconAt = now;
      return s.beacon(now, this.#options.beacon());
    });
  }

  // --- chunks ---

  // forget: the chunk is not served any more, nor taken again.
  #forget(chunk: Chunk | undefined): void {
    if (!chunk) return;
    this.#store.drop(chunk.entry.record.id);
    this.#chunks.drop(chunk);
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
    this.#links.unpark();
  }

  // again gives what was loaded before there was a scheduler: at the start of a stream hls.js may ask for the same parts
  // several times, until the first is appended.
  #again(entries: Entry[]): Promise<Taken> | null {
    const parts = entries.map((entry) => this.#store.copy(entry.record.id)).filter((part) => part !== null);
    return parts.length === entries.length ? Promise.resolve({ bytes: joined(parts), millis: this.#edge.millis }) : null;
  }

  // gather gets a chunk, or all parts of a segment: hls.js has use for them only when the last one is there, so each is
  // needed when the playhead gets to the first.
  async #gather(entries: Entry[], start: number | null, signal: AbortSignal): Promise<Taken> {
    const begun = performance.now();
    const verified = Promise.all(entries.map((entry) => entry.truth ?? entry.verified));
    const truths = await Promise.race([verified, after(VERIFY_MILLIS)]);
    if (!truths?.every((truth) => truth)) throw new Error('session: no true record');
    const deadline = performance.now() + 1000 * (start === null ? 0 : this.#options.secondsUntil(start));
    const last = deadline - LAST_MARGIN - 1.2 * this.#edge.reckon(entries.map((entry) => entry.record.size));
    const give = new AbortController();
    signal.addEventListener('abort', () => give.abort(), { signal: give.signal });
    if (signal.aborted) give.abort();
    const each = entries.map((entry) => this.#need(this.#chunks.of(entry), deadline, last, give.signal));
    const parts = await Promise.all(each).finally(() => give.abort()); // where one is late, the others are no use
    const bytes = parts.length === 1 && parts[0] ? parts[0] : joined(parts);
    return { bytes, millis: this.#edge.rate > 0 ? bytes.length / this.#edge.rate : performance.now() - begun };
  }

  // need waits until the chunk is whole, but not past the last moment to ask the edge for the playhead's sake.
  async #need(chunk: Chunk, deadline: number, last: number, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const { record } = chunk.entry;
    const held = this.#store.copy(record.id);
    if (held) return held;
    if (chunk.handle === 0) throw new Error('session: not learned');
    const whole = awaitWhole(chunk, last, Math.max(500, 4 * this.#edge.millis), signal);
    this.#call((s, now) => s.need(now, chunk.handle, Math.max(now, deadline - APPEND_MILLIS)));
    await whole.catch((late: unknown) => {
      this.#traffic.rescues++;
      throw late;
    });
    const bytes = this.#store.copy(record.id);
    if (!bytes) throw new Error('session: given up');
    return bytes;
  }

  // keepPlain returns what the store says of the bytes; MISSING too where the record turns out not to be true.
  async #keepPlain(entry: Entry, bytes: Uint8Array): Promise<number> {
    const tooMany = !this.#loop && this.#chunks.size >= MOST_EARLY && !this.#chunks.byID(entry.record.id);
    const chunk = this.#chunks.of(entry);
    if (!chunk.counted) this.#traffic.chunksFromEdge++;
    chunk.counted = true;
    const taking = entry.verified.then((truth) => (truth ? this.#store.takeWhole(entry.record, bytes) : MISSING));
    const keeping = taking.catch(() => MISSING); // the browser did not hash it
    chunk.keeping = keeping;
    const kept = await keeping;
    chunk.keeping = null;
    if (chunk.handle === 0 && (tooMany || this.#loop)) this.#forget(chunk); // the scheduler does not want it
    if (kept < 0) return kept;
    wake(chunk);
    if (chunk.handle !== 0) this.#held(chunk);
    return kept;
  }

  // held lets the scheduler know of a chunk that came without it.
  #held(chunk: Chunk): void {
    this.#call((s, now) => s.held(now, chunk.handle));
  }

  async #fetch(chunk: Chunk, first: number, count: number): Promise<void> {
    const { uri, record } = chunk.entry;
    await chunk.keeping;
    const whole = (first === 0 && count === record.pieces) || !this.#store.hashes(record.id);
    if (this.#store.whole(record.id)) {
      this.#held(chunk);
      return;
    }
    const range = whole ? null : { from: first * record.pieceSize, to: Math.min((first + count) * record.pieceSize, record.size) };
    if (chunk.fetches++ === 0) chunk.fetchingSince = performance.now();
    let ok = false;
    try {
      const { bytes } = await this.#edge.fetch(uri, record.size, range, this.#over.signal);
      if (this.#chunks.has(chunk)) { // it may have been dropped meanwhile
        const fresh = whole ? await this.#store.takeWhole(record, bytes) : await this.#store.takePieces(record, first, count, bytes);
        if (fresh === FALSE) void this.#edge.distrust(uri, record.size, this.#over.signal);
        ok = fresh >= 0;
      }
    } catch {
      // told below; the scheduler asks again while the chunk is needed
    }
    if (--chunk.fetches === 0) chunk.fetchingSince = 0;
    this.#report(chunk, ok && whole ? 0 : first, ok && whole ? record.pieces : count, ok);
    if (ok) this.#links.unpark();
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
        this.#links.connect(peer, count === 1);
        break;
      case Kind.Signal:
        this.#links.signal(peer, bytes);
        break;
      case Kind.Disconnect:
        this.#links.disconnect(peer);
        break;
      case Kind.Send:
        this.#links.send(peer, bytes);
        break;
      case Kind.SendHashes: {
        const hashes = chunk && this.#store.hashes(chunk.entry.record.id);
        if (hashes) this.#links.sendWith(peer, bytes, hashes);
        break;
      }
      case Kind.SendPieces: {
        const pieces = chunk && this.#store.pieces(chunk.entry.record.id, first, count);
        if (pieces && this.#links.sendWith(peer, bytes, pieces)) this.#traffic.bytesToPeers += pieces.length;
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
        if (frame) this.#links.park(frame);
        break;
      case Kind.Complete:
        if (chunk) this.#complete(chunk);
        break;
      case Kind.Drop:
        if (chunk) this.#forget(chunk);
        break;
    }
  }

  // --- what peers sent ---

  // What is missing is not told: the chunk was dropped, or evicted, and the peer is not to blame.
  async #takeHashes(chunk: Chunk, { peer, bytes }: Frame): Promise<void> {
    const taken = await this.#store.takeHashes(chunk.entry.record, bytes.subarray(HEADER));
    if (taken === MISSING) return;
    this.#call((s, now) => s.hashesTaken(now, peer, chunk.handle, taken >= 0));
    if (taken >= 0) this.#links.unpark();
  }

  async #takePieces(chunk: Chunk, first: number, count: number, { peer, bytes }: Frame): Promise<void> {
    const payload = bytes.subarray(HEADER);
    const fresh = await this.#store.takePieces(chunk.entry.record, first, count, payload);
    if (fresh === MISSING) return;
    if (fresh < 0) {
      this.#traffic.badPieces++;
    } else {
      chunk.fromPeers += fresh;
      this.#traffic.bytesFromPeers += fresh;
      this.#traffic.duplicateBytes += payload.length - fresh;
    }
    this.#call((s, now) => s.piecesTaken(now, peer, chunk.handle, first, count, fresh >= 0));
  }
}

// --- small things ---

function supported(): boolean {
  return typeof RTCPeerConnection === 'function' && typeof WebSocket === 'function' && typeof WebAssembly === 'object';
}

function after(millis: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), millis));
}
