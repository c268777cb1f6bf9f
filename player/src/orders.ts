// What the scheduler asks for, carried out: each kind of action is an order to one of the parties. What comes of it is told by them.

import { type Action, Kind } from './action.ts';
import type { Chunk, Chunks } from './chunks.ts';
import type { Fetches } from './fetches.ts';
import type { Gathering } from './gathering.ts';
import type { Gifts } from './gifts.ts';
import type { Keep } from './keep.ts';
import type { Frame, Links } from './links.ts';
import type { Membership } from './membership.ts';
import { ANY_WAY, readRoute, relays, type Route } from './route.ts';
import type { Watch } from './watch.ts';

// Who is given orders; of each what is ordered.
export interface Parties {
  tracker(): { send(bytes: Uint8Array<ArrayBuffer>): void } | null;
  membership: Pick<Membership, 'refusal'>;
  links: Pick<Links, 'connect' | 'signal' | 'disconnect' | 'send' | 'sendWith' | 'park'>;
  chunks: Pick<Chunks, 'get'>;
  store: Pick<Keep, 'hashes' | 'pieces'>;
  fetches: Pick<Fetches, 'fetch' | 'full'>;
  gathering: Pick<Gathering, 'lack'>;
  gifts: Pick<Gifts, 'takeHashes' | 'takePieces'>;
  stock: { fetched(chunk: Chunk, first: number, count: number, ok: boolean): void; complete(chunk: Chunk): void; forget(chunk: Chunk): void };
  watch: Pick<Watch, 'reload' | 'take'> & { readonly book: Pick<NonNullable<Watch['book']>, 'gone'> | null };
  gave(bytes: number): void; // media, to a peer
  beside(bytes: number, at: number): void; // media came from a peer, on the link that the edge's bytes come by too
  relayless(): void; // it is to be through relays alone, and the tracker names none
}

const TOO_SLOW = 2; // scheduler.TooSlow

export class Orders {
  readonly #to: Parties;
  readonly #relayOnly: boolean;
  #route: Route = ANY_WAY;
  #relayless: boolean | undefined; // undefined: nothing was told yet

  // relayOnly: through relays alone, whatever the tracker says.
  constructor(to: Parties, relayOnly: boolean) {
    this.#to = to;
    this.#relayOnly = relayOnly;
  }

  // route is how connections to peers come about, as the tracker told last.
  get route(): Route {
    return this.#route;
  }

  // relayless: the tracker names no relays; undefined while it has told nothing.
  get relayless(): boolean | undefined {
    return this.#relayless;
  }

  // carry out what is asked for, because of a frame if there is one.
  carry(action: Action, frame: Frame | null): void {
    const { kind, peer, first, count, bytes } = action;
    const { links, store, gifts, stock, watch } = this.#to;
    const chunk = this.#to.chunks.get(action.chunk);
    switch (kind) {
      case Kind.SendTracker:
        this.#to.tracker()?.send(bytes);
        break;
      case Kind.ICEServers:
        this.#route = readRoute(new TextDecoder().decode(bytes), count);
        if (this.#relayOnly) this.#route = { ...this.#route, relayOnly: true };
        this.#relayless = !relays(this.#route);
        if (this.#relayOnly && this.#relayless) this.#to.relayless();
        break;
      case Kind.Refused:
        this.#to.membership.refusal(first, count, new TextDecoder().decode(bytes));
        break;
      case Kind.Connect:
        links.connect(peer, count === 1);
        break;
      case Kind.Signal:
        links.signal(peer, bytes);
        break;
      case Kind.Disconnect:
        links.disconnect(peer, count === TOO_SLOW);
        break;
      case Kind.Send:
        links.send(peer, bytes);
        break;
      case Kind.SendHashes: {
        const hashes = chunk && store.hashes(chunk.entry.record.id);
        if (hashes) links.sendWith(peer, bytes, hashes);
        break;
      }
      case Kind.SendPieces: {
        const pieces = chunk && store.pieces(chunk.entry.record.id, first, count);
        if (pieces && links.sendWith(peer, bytes, pieces)) this.#to.gave(pieces.length);
        break;
      }
      case Kind.Fetch:
        if (chunk && watch.book?.gone(chunk.entry.record)) this.#lack(chunk, first, count);
        else if (chunk) void this.#to.fetches.fetch(chunk, first, count);
        break;
      case Kind.TakeHashes:
        if (chunk && frame) void gifts.takeHashes(chunk, frame);
        break;
      case Kind.TakePieces:
        if (frame) this.#to.beside(frame.bytes.length, frame.at);
        if (chunk && frame) void gifts.takePieces(chunk, first, count, frame);
        break;
      case Kind.Park:
        if (frame) links.park(frame);
        break;
      case Kind.Complete:
        if (chunk) stock.complete(chunk);
        break;
      case Kind.Drop:
        if (chunk) stock.forget(chunk);
        break;
      case Kind.Reload:
        void watch.reload(count === 1 && !this.#to.fetches.full); // what came ahead would stand until its turn has come, and be given up
        break;
      case Kind.TakeRecord:
        void watch.take(peer, bytes);
        break;
    }
  }

  // lack: the server has the segment of a part still, and not the part: what no peer brings hls.js loads as a whole.
  #lack(chunk: Chunk, first: number, count: number): void {
    this.#to.gathering.lack(chunk);
    this.#to.stock.fetched(chunk, first, count, false);
  }
}
