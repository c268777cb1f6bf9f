// The links to peers, each under the scheduler's handle for it: opened, signalled, sent to, closed. What they carry is
// the scheduler's matter; frames that came before what they need stand here until they are handed in again.
//
// What waits to be sent is bounded, over all links as over each: while it is too much, media and hashes are dropped,
// and counted. Who misses them pulls them elsewhere.

import { joined } from './bytes.ts';
import type { Carried } from './carried.ts';
import { Parking } from './parking.ts';
import { turn } from './turn.ts';

export interface Frame {
  peer: number;
  bytes: Uint8Array<ArrayBuffer>;
  at: number; // when it came
}

export interface LinksEvents {
  signal(peer: number, kind: number, text: string): void;
  up(peer: number): void;
  came(bytes: number): void; // of media or hashes
  frame(frame: Frame, head: Uint8Array): void; // head: what of it is not media or hashes
  buffered(peer: number, bytes: number): void; // how much waits to be sent
  down(peer: number): void; // closed by itself
}

// What this file knows of a connection, and a connection of it; PeerLink in the browser.
export interface Connection {
  readonly buffered: number;
  carried(): Promise<Carried>;
  readonly answered: boolean; // the peer's description has come
  signal(kind: number, text: string): void;
  send(bytes: Uint8Array<ArrayBuffer>): boolean;
  close(): void;
}

export interface ConnectionEvents {
  signal(kind: number, text: string): void;
  up(): void;
  message(bytes: Uint8Array<ArrayBuffer>): void;
  drained(buffered: number): void;
  down(broke: boolean): void; // closed by the peer, or broken
}

interface Link {
  connection: Connection;
  up: boolean;
  told: number; // when the scheduler was last told how much waits to be sent
}

export const HEADER = 28; // of a frame
const BULK = 0x80; // frames from this type on carry media or hashes
const MAX_CONTROL = HEADER + (64 << 10); // the longest frame of another type
const MAX_BACKLOG = 4 << 20; // bytes that wait to be sent, over all links
const TELL_MILLIS = 200;

// How many links came to which end; see wire.Beacon.
export interface Outcomes {
  linksOpened: number;
  linksNoAnswer: number; // no answer to our offer came
  linksNoRoute: number; // descriptions were exchanged, and no connection came of them
  linksLost: number; // were up, and broke
}

export class Links {
  dropped = 0; // messages with media or hashes that were not sent
  readonly outcomes: Outcomes = { linksOpened: 0, linksNoAnswer: 0, linksNoRoute: 0, linksLost: 0 };
  readonly #open: (initiator: boolean, events: ConnectionEvents) => Connection;
  readonly #events: LinksEvents;
  readonly #links = new Map<number, Link>();
  readonly #wanted = new Map<number, boolean>(); // peers whose connections are not made yet -> whether we begin
  readonly #parking = new Parking<Frame>();

  constructor(open: (initiator: boolean, events: ConnectionEvents) => Connection, events: LinksEvents) {
    this.#open = open;
    this.#events = events;
  }

  // How many are up.
  get up(): number {
    let up = 0;
    for (const link of this.#links.values()) if (link.up) up++;
    return up;
  }

  // Bytes that wait to be sent, over all links.
  get backlog(): number {
    let bytes = 0;
    for (const { connection } of this.#links.values()) bytes += connection.buffered;
    return bytes;
  }

  // carried tells what the connections that are up brought so far, by peers.
  async carried(): Promise<Map<number, Carried>> {
    const up = [...this.#links].filter(([, { up }]) => up);
    return new Map(await Promise.all(up.map(async ([peer, { connection }]): Promise<[number, Carried]> => [peer, await connection.carried()])));
  }

  // connect makes a connection in its turn, or when the peer's first signal comes: each takes a browser milliseconds.
  connect(peer: number, initiator: boolean): void {
    this.#wanted.set(peer, initiator);
    if (this.#wanted.size === 1) void this.#takeTurns();
  }

  // signal passes on what came for a peer's connection: its kind, then its text.
  signal(peer: number, bytes: Uint8Array): void {
    this.#make(peer);
    this.#links.get(peer)?.connection.signal(bytes[0] ?? 0, new TextDecoder().decode(bytes.subarray(1)));
  }

  // late: because it did not open in time.
  disconnect(peer: number, late = false): void {
    this.#wanted.delete(peer);
    const link = this.#links.get(peer);
    this.#links.delete(peer);
    if (link && late) this.#failed(link);
    link?.connection.close();
  }

  send(peer: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#links.get(peer)?.connection.send(bytes);
  }

  // sendWith sends media or hashes behind their header. It tells whether they were taken.
  sendWith(peer: number, header: Uint8Array, payload: Uint8Array): boolean {
    const link = this.#links.get(peer);
    if (!link) return false;
    const sent = this.backlog <= MAX_BACKLOG && link.connection.send(joined([header, payload]));
    if (!sent) this.dropped++;
    this.#tellBuffered(peer);
    return sent;
  }

  park(frame: Frame): void {
    this.#parking.park(frame);
  }

  // unpark hands parked frames in again.
  unpark(): void {
    for (const frame of this.#parking.leave(performance.now())) this.#message(frame);
  }

  close(): void {
    this.#wanted.clear();
    for (const { connection } of this.#links.values()) connection.close();
    this.#links.clear();
    this.#parking.leave(0);
  }

  async #takeTurns(): Promise<void> {
    while (this.#wanted.size > 0) {
      await turn();
      const [peer] = this.#wanted.keys();
      if (peer !== undefined) this.#make(peer);
    }
  }

  #make(peer: number): void {
    const initiator = this.#wanted.get(peer);
    if (initiator === undefined) return;
    this.#wanted.delete(peer);
    try {
      const connection = this.#open(initiator, {
        signal: (kind, text) => this.#events.signal(peer, kind, text),
        up: () => {
          const link = this.#links.get(peer);
          if (link && !link.up) this.outcomes.linksOpened++;
          if (link) link.up = true;
          this.#events.up(peer);
        },
        message: (bytes) => {
          if ((bytes[0] ?? 0) >= BULK) this.#events.came(bytes.length);
          this.#message({ peer, bytes, at: performance.now() });
        },
        drained: (buffered) => this.#events.buffered(peer, buffered),
        down: (broke) => {
          const link = this.#links.get(peer);
          if (link?.up && broke) this.outcomes.linksLost++;
          if (link && !link.up) this.#failed(link);
          this.#lost(peer);
        },
      });
      this.#links.set(peer, { connection, up: false, told: 0 });
    } catch {
      this.#events.down(peer); // no more connections to be had
    }
  }

  #message(frame: Frame): void {
    const { peer, bytes } = frame;
    const bulk = (bytes[0] ?? 0) >= BULK;
    if (!bulk && bytes.length > MAX_CONTROL) {
      this.#lost(peer);
      return;
    }
    this.#tellBuffered(peer);
    this.#events.frame(frame, bulk ? bytes.subarray(0, HEADER) : bytes);
  }

  #failed({ connection }: Link): void {
    if (connection.answered) this.outcomes.linksNoRoute++;
    else this.outcomes.linksNoAnswer++;
  }

  #lost(peer: number): void {
    this.disconnect(peer);
    this.#events.down(peer);
  }

  #tellBuffered(peer: number): void {
    const link = this.#links.get(peer);
    const now = performance.now();
    if (!link?.up || now - link.told < TELL_MILLIS) return;
    link.told = now;
    this.#events.buffered(peer, link.connection.buffered);
  }
}
