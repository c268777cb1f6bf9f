// The Go scheduler, compiled to WebAssembly. This leaf loads it, hands bytes over and reads back the actions that it
// asks for. It decides nothing. The calls are those of wasm/, the actions those of swarm/scheduler/action.go.

import type { Action } from './action.ts';
import type { Self } from './self.ts';
import { wasi } from './wasi.ts';

const INPUT_SIZE = 72 << 10;
const MAX_SIGNAL = 16 << 10; // wire.MaxSignal

interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  _initialize(): void;
  shoal_input(): number;
  shoal_output(): number;
  shoal_start(flags: number, rendition: number, most: number, nameLength: number): number;
  shoal_self(now: number, flags: number, rendition: number, most: number): number;
  shoal_tracker_up(now: number): number;
  shoal_tracker_down(now: number): number;
  shoal_tracker_message(now: number, length: number): number;
  shoal_beacon(now: number): number;
  shoal_leave(now: number): number;
  shoal_out_signal(now: number, peer: number, length: number): number;
  shoal_link_up(now: number, peer: number): number;
  shoal_link_down(now: number, peer: number): number;
  shoal_buffered(now: number, peer: number, bytes: number): number;
  shoal_backlog(now: number, bytes: number): number;
  shoal_frame(now: number, peer: number, length: number, payload: number): number;
  shoal_hashes_taken(now: number, peer: number, chunk: number, ok: number): number;
  shoal_pieces_taken(now: number, peer: number, chunk: number, first: number, count: number, ok: number): number;
  shoal_learn(now: number, age: number): number;
  shoal_record_taken(now: number, peer: number, ok: number): number;
  shoal_reloaded(now: number, ok: number): number;
  shoal_need(now: number, chunk: number, deadline: number): number;
  shoal_unneed(now: number, chunk: number): number;
  shoal_arrived(now: number, chunk: number, first: number, count: number): number;
  shoal_fetched(now: number, chunk: number, first: number, count: number, ok: number): number;
  shoal_held(now: number, chunk: number): number;
  shoal_tick(now: number): number;
  shoal_learned(): number;
  shoal_next(): number;
  shoal_beacon_seconds(): number;
  shoal_hold_back(): number;
  shoal_links(): number;
  shoal_watching(rendition: number): number;
  shoal_waiting(): number;
  shoal_roster(): number;
  shoal_off(): number;
  shoal_duplicate_bytes(): number;
}

const encoder = new TextEncoder();

export class Scheduler {
  readonly #exports: Exports;
  readonly #input: number;

  private constructor(exports: Exports) {
    this.#exports = exports;
    this.#input = exports.shoal_input();
  }

  // load fetches and starts the module.
  static async load(url: string, signal?: AbortSignal): Promise<Scheduler> {
    const response = await fetch(url, { signal: signal ?? null, credentials: 'same-origin', priority: 'low' });
    if (!response.ok) throw new Error(`scheduler: ${response.status} for ${url}`);
    const typed = response.headers.get('content-type')?.startsWith('application/wasm');
    if (typed && typeof WebAssembly.compileStreaming === 'function') {
      return Scheduler.#boot(await WebAssembly.compileStreaming(response));
    }
    return Scheduler.from(await response.arrayBuffer());
  }

  // from starts the module out of its bytes.
  static async from(bytes: BufferSource): Promise<Scheduler> {
    return Scheduler.#boot(await WebAssembly.compile(bytes));
  }

  // start takes the rendition that is watched, and the most that may be lent of the uplink, in units of 10 kbit/s; 0: all.
  start(secret: Uint8Array, { flags, rendition, most }: Self, name: string): Action[] {
    const n = encoder.encode(name);
    this.#put(secret, n);
    return this.#actions(this.#exports.shoal_start(flags, rendition, most, n.length));
  }

  self(now: number, { flags, rendition, most }: Self): Action[] {
    return this.#actions(this.#exports.shoal_self(now, flags, rendition, most));
  }

  trackerUp(now: number): Action[] {
    return this.#actions(this.#exports.shoal_tracker_up(now));
  }

  trackerDown(now: number): Action[] {
    return this.#actions(this.#exports.shoal_tracker_down(now));
  }

  trackerMessage(now: number, message: Uint8Array): Action[] {
    this.#put(message);
    return this.#actions(this.#exports.shoal_tracker_message(now, message.length));
  }

  // beacon takes sixteen counts, in the order of wire.Beacon.
  beacon(now: number, counts: number[]): Action[] {
    this.#put(new Uint8Array(Uint32Array.from(counts).buffer));
    return this.#actions(this.#exports.shoal_beacon(now));
  }

  leave(now: number): Action[] {
    return this.#actions(this.#exports.shoal_leave(now));
  }

  // outSignal drops what is too long for a signal: the link then does not open in time, and is lost alone.
  outSignal(now: number, peer: number, kind: number, text: string): Action[] {
    const bytes = encoder.encode(text);
    if (1 + bytes.length > MAX_SIGNAL) return [];
    this.#put(Uint8Array.of(kind), bytes);
    return this.#actions(this.#exports.shoal_out_signal(now, peer, 1 + bytes.length));
  }

  linkUp(now: number, peer: number): Action[] {
    return this.#actions(this.#exports.shoal_link_up(now, peer));
  }

  linkDown(now: number, peer: number): Action[] {
    return this.#actions(this.#exports.shoal_link_down(now, peer));
  }

  buffered(now: number, peer: number, bytes: number): Action[] {
    return this.#actions(this.#exports.shoal_buffered(now, peer, bytes));
  }

  // backlog tells how many bytes wait to be sent, over all links. It comes before each tick.
  backlog(now: number, bytes: number): Action[] {
    return this.#actions(this.#exports.shoal_backlog(now, bytes));
  }

  // frame hands in a message of a peer: all of a control frame, of a bulk frame its header and how much follows.
  frame(now: number, peer: number, head: Uint8Array, payload: number): Action[] {
    this.#put(head);
    return this.#actions(this.#exports.shoal_frame(now, peer, head.length, payload));
  }

  // hashesTaken: peer 0 is the edge.
  hashesTaken(now: number, peer: number, chunk: number, ok: boolean): Action[] {
    return this.#actions(this.#exports.shoal_hashes_taken(now, peer, chunk, ok ? 1 : 0));
  }

  piecesTaken(now: number, peer: number, chunk: number, first: number, count: number, ok: boolean): Action[] {
    return this.#actions(this.#exports.shoal_pieces_taken(now, peer, chunk, first, count, ok ? 1 : 0));
  }

  // learn returns the handle of the chunk too; 0 when the record is refused.
  learn(now: number, record: Uint8Array, age: number): { chunk: number; actions: Action[] } {
    this.#put(record);
    const actions = this.#actions(this.#exports.shoal_learn(now, age));
    return { chunk: this.#exports.shoal_learned() >>> 0, actions };
  }

  // recordTaken tells the outcome of a TakeRecord; it returns as learn does.
  recordTaken(now: number, peer: number, record: Uint8Array, ok: boolean): { chunk: number; actions: Action[] } {
    this.#put(record);
    const actions = this.#actions(this.#exports.shoal_record_taken(now, peer, ok ? 1 : 0));
    return { chunk: this.#exports.shoal_learned() >>> 0, actions };
  }

  reloaded(now: number, ok: boolean): Action[] {
    return this.#actions(this.#exports.shoal_reloaded(now, ok ? 1 : 0));
  }

  unneed(now: number, chunk: number): Action[] {
    return this.#actions(this.#exports.shoal_unneed(now, chunk));
  }

  need(now: number, chunk: number, deadline: number): Action[] {
    return this.#actions(this.#exports.shoal_need(now, chunk, deadline));
  }

  arrived(now: number, chunk: number, first: number, count: number): Action[] {
    return this.#actions(this.#exports.shoal_arrived(now, chunk, first, count));
  }

  fetched(now: number, chunk: number, first: number, count: number, ok: boolean): Action[] {
    return this.#actions(this.#exports.shoal_fetched(now, chunk, first, count, ok ? 1 : 0));
  }

  held(now: number, chunk: number): Action[] {
    return this.#actions(this.#exports.shoal_held(now, chunk));
  }

  tick(now: number): Action[] {
    return this.#actions(this.#exports.shoal_tick(now));
  }

  // When tick is due, in milliseconds of the clock that `now` is read from.
  get next(): number {
    return this.#exports.shoal_next();
  }

  get beaconSeconds(): number {
    return this.#exports.shoal_beacon_seconds();
  }

  // How much further behind the live edge than alone the player should play, in milliseconds.
  get holdBack(): number {
    return this.#exports.shoal_hold_back();
  }

  get links(): number {
    return this.#exports.shoal_links();
  }

  // watching returns how many members of the cell that are linked watch a rendition.
  watching(rendition: number): number {
    return Number.isInteger(rendition) ? this.#exports.shoal_watching(rendition) : 0;
  }

  // By how many milliseconds more than the quickest what peers send is under way, that of the middle one of them.
  get waiting(): number {
    return this.#exports.shoal_waiting();
  }

  get roster(): number {
    return this.#exports.shoal_roster();
  }

  // Bytes that came, from peers or from the edge, though they were here already.
  get duplicateBytes(): number {
    return this.#exports.shoal_duplicate_bytes();
  }

  // Whether the tracker has taken the viewer out of the swarm, for now.
  get off(): boolean {
    return this.#exports.shoal_off() !== 0;
  }

  #put(...parts: Uint8Array[]): void {
    const length = parts.reduce((sum, p) => sum + p.length, 0);
    if (length > INPUT_SIZE) throw new Error('scheduler: input too long');
    const memory = new Uint8Array(this.#exports.memory.buffer, this.#input, length);
    let at = 0;
    for (const part of parts) {
      memory.set(part, at);
      at += part.length;
    }
  }

  #actions(length: number): Action[] {
    if (length <= 0) return [];
    return readActions(new Uint8Array(this.#exports.memory.buffer, this.#exports.shoal_output(), length));
  }

  static async #boot(module: WebAssembly.Module): Promise<Scheduler> {
    const instance: WebAssembly.Instance = await WebAssembly.instantiate(module, wasi(() => exports.memory));
    const exports = instance.exports as Exports;
    exports._initialize();
    return new Scheduler(exports);
  }
}

// readActions reads the encoding of actions: six u32, little endian, then bytes padded to a multiple of four.
export function readActions(encoded: Uint8Array): Action[] {
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const actions: Action[] = [];
  for (let at = 0; at + 24 <= encoded.length; ) {
    const length = view.getUint32(at + 20, true);
    if (at + 24 + length > encoded.length) throw new Error('scheduler: action cut short');
    actions.push({
      kind: view.getUint32(at, true),
      peer: view.getUint32(at + 4, true),
      chunk: view.getUint32(at + 8, true),
      first: view.getUint32(at + 12, true),
      count: view.getUint32(at + 16, true),
      bytes: encoded.slice(at + 24, at + 24 + length) as Uint8Array<ArrayBuffer>,
    });
    at += 24 + ((length + 3) & ~3);
  }
  return actions;
}
