// The chunks a viewer holds: their bytes, the hashes of their pieces, and which pieces are there. Nothing enters that
// has not been verified, and nothing is handed out but copies and views that the taker must not write to: hls.js and
// MSE detach the buffers they are given.
//
// Memory is bounded: past `limit` bytes, hashes included, the oldest chunks go, whoever wants them, and `evicted` is
// told. A chunk that is dropped while something of it is being verified stays dropped.

import { FALSE, type Keep, MISSING, type Shape } from './keep.ts';

interface Held {
  shape: Shape;
  bytes: Uint8Array<ArrayBuffer> | null; // allocated with the first piece
  hashes: Uint8Array<ArrayBuffer> | null;
  pieces: Uint8Array; // 1: held
  count: number; // pieces held
  verifying: number; // how many verifications may yet add to it
}

const HASH = 32;

export class Store implements Keep {
  readonly #chunks = new Map<string, Held>();
  readonly #evicted: (id: string) => void;
  readonly #limit: number;
  #bytes = 0;
  #closed = false;

  constructor(evicted: (id: string) => void, limit = 128 << 20) {
    this.#evicted = evicted;
    this.#limit = limit;
  }

  // Bytes allocated for chunks and hashes.
  get bytes(): number {
    return this.#bytes;
  }

  whole(id: string): boolean {
    const held = this.#chunks.get(id);
    return held !== undefined && held.count === held.shape.pieces;
  }

  // copy returns a copy of a chunk that is held whole, else null.
  copy(id: string): Uint8Array<ArrayBuffer> | null {
    const held = this.#chunks.get(id);
    return held?.bytes && held.count === held.shape.pieces ? held.bytes.slice() : null;
  }

  // hashes returns the hashes of a chunk's pieces, if they are held. Not to be written to.
  hashes(id: string): Uint8Array | null {
    return this.#chunks.get(id)?.hashes ?? null;
  }

  // pieces returns count pieces from number first on, if all are held. Not to be written to.
  pieces(id: string, first: number, count: number): Uint8Array | null {
    const held = this.#chunks.get(id);
    if (!held?.bytes || first < 0 || count < 1 || first + count > held.shape.pieces) return null;
    for (let i = first; i < first + count; i++) if (!held.pieces[i]) return null;
    return held.bytes.subarray(first * held.shape.pieceSize, Math.min((first + count) * held.shape.pieceSize, held.shape.size));
  }

  // takeHashes keeps what claims to be the hashes of the pieces, if it is true. It returns 0, FALSE or MISSING.
  async takeHashes(shape: Shape, hashes: Uint8Array): Promise<number> {
    if (hashes.length !== shape.pieces * HASH) return FALSE;
    const own = hashes.slice();
    return this.#verify(shape, async () => same(await sha256(own), shape.digest), (held) => {
      this.#keepHashes(held, own);
      return 0;
    });
  }

  // takePieces keeps what claims to be count pieces from number first on, if all are true. It returns how many of
  // the bytes are new, or FALSE or MISSING.
  async takePieces(shape: Shape, first: number, count: number, bytes: Uint8Array): Promise<number> {
    const start = first * shape.pieceSize;
    if (first < 0 || count < 1 || first + count > shape.pieces) return FALSE;
    if (bytes.length !== Math.min((first + count) * shape.pieceSize, shape.size) - start) return FALSE;
    const hashes = this.hashes(shape.id)?.subarray(first * HASH, (first + count) * HASH);
    if (!hashes) return MISSING;
    const own = bytes.slice();
    return this.#verify(shape, async () => same(await hashPieces(own, shape.pieceSize), hashes), (held) => this.#keep(held, first, own));
  }

  // takeWhole keeps what claims to be the whole chunk, if it is true. It returns as takePieces does; MISSING is true,
  // but not kept.
  async takeWhole(shape: Shape, bytes: Uint8Array): Promise<number> {
    if (bytes.length !== shape.size) return FALSE;
    const own = bytes.slice();
    let hashes = new Uint8Array(0);
    const verify = async (): Promise<boolean> => {
      hashes = await hashPieces(own, shape.pieceSize);
      return same(await sha256(hashes), shape.digest);
    };
    return this.#verify(shape, verify, (held) => {
      this.#keepHashes(held, hashes);
      return this.#keep(held, 0, own);
    });
  }

  drop(id: string): void {
    const held = this.#chunks.get(id);
    if (!held) return;
    this.#bytes -= (held.bytes?.length ?? 0) + (held.hashes?.length ?? 0);
    this.#chunks.delete(id);
  }

  // close forgets all; nothing is taken any more.
  close(): void {
    this.#closed = true;
    this.#chunks.clear();
    this.#bytes = 0;
  }

  // verify lets keep run if what was verified is true and its chunk was not dropped meanwhile.
  async #verify(shape: Shape, verified: () => Promise<boolean>, keep: (held: Held) => number): Promise<number> {
    if (this.#closed) return (await verified()) ? MISSING : FALSE;
    const held = this.#chunks.get(shape.id) ?? { shape, bytes: null, hashes: null, pieces: new Uint8Array(shape.pieces), count: 0, verifying: 0 };
    this.#chunks.set(shape.id, held);
    held.verifying++;
    let truth = false;
    try {
      truth = await verified();
    } finally {
      held.verifying--;
      if (!truth && !held.hashes && held.verifying === 0 && this.#chunks.get(shape.id) === held) this.#chunks.delete(shape.id);
    }
    if (!truth) return FALSE;
    if (this.#chunks.get(shape.id) !== held) return MISSING;
    const result = keep(held);
    this.#makeRoom(shape.id);
    return result;
  }

  #keepHashes(held: Held, hashes: Uint8Array<ArrayBuffer>): void {
    if (held.hashes) return;
    held.hashes = hashes;
    this.#bytes += hashes.length;
  }

  // keep puts verified bytes in and returns how many of them are new.
  #keep(held: Held, first: number, bytes: Uint8Array<ArrayBuffer>): number {
    const { shape } = held;
    if (!held.bytes) {
      held.bytes = bytes.length === shape.size ? bytes : new Uint8Array(shape.size);
      this.#bytes += shape.size;
    }
    let fresh = 0;
    for (let i = 0, at = 0; at < bytes.length; i++, at += shape.pieceSize) {
      if (held.pieces[first + i]) continue;
      const piece = bytes.subarray(at, at + shape.pieceSize);
      if (held.bytes !== bytes) held.bytes.set(piece, (first + i) * shape.pieceSize);
      held.pieces[first + i] = 1;
      held.count++;
      fresh += piece.length;
    }
    return fresh;
  }

  #makeRoom(keep: string): void {
    for (const id of this.#chunks.keys()) {
      if (this.#bytes <= this.#limit) return;
      if (id === keep) continue;
      this.drop(id);
      this.#evicted(id);
    }
  }
}

async function hashPieces(bytes: Uint8Array<ArrayBuffer>, pieceSize: number): Promise<Uint8Array<ArrayBuffer>> {
  const each: Promise<Uint8Array>[] = [];
  for (let at = 0; at < bytes.length; at += pieceSize) each.push(sha256(bytes.subarray(at, at + pieceSize)));
  const hashes = new Uint8Array(each.length * HASH);
  (await Promise.all(each)).forEach((hash, i) => hashes.set(hash, i * HASH));
  return hashes;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle) return new Uint8Array(await subtle.digest('SHA-256', bytes));
  return (await import('./fallback.ts')).sha256(bytes);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
