// The chunks a viewer holds: their bytes, the hashes of their pieces, and which pieces are there. Nothing enters that
// has not been verified, and nothing is handed out but copies and views that the taker must not write to: hls.js and
// MSE detach the buffers they are given.
//
// Memory is bounded: past `limit` bytes the oldest chunks go, whoever wants them.

export interface Shape {
  id: string;
  size: number;
  pieceSize: number;
  pieces: number;
  digest: Uint8Array; // SHA-256 over the hashes of the pieces
}

interface Held {
  shape: Shape;
  bytes: Uint8Array<ArrayBuffer> | null; // allocated with the first piece
  hashes: Uint8Array<ArrayBuffer> | null;
  pieces: Uint8Array; // 1: held
  count: number; // pieces held
}

const HASH = 32;

export class Store {
  readonly #chunks = new Map<string, Held>();
  readonly #limit: number;
  #bytes = 0;

  constructor(limit = 128 << 20) {
    this.#limit = limit;
  }

  // Bytes allocated for chunks.
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

  // takeHashes keeps what claims to be the hashes of the pieces, if it is true.
  async takeHashes(shape: Shape, hashes: Uint8Array): Promise<boolean> {
    if (hashes.length !== shape.pieces * HASH) return false;
    const own = hashes.slice();
    if (!same(await sha256(own), shape.digest)) return false;
    const held = this.#hold(shape);
    held.hashes ??= own;
    return true;
  }

  // takePieces keeps what claims to be count pieces from number first on, if all are true. It returns how many of
  // the bytes are new, or -1 if they are not what they claim to be or the hashes are missing.
  async takePieces(shape: Shape, first: number, count: number, bytes: Uint8Array): Promise<number> {
    const hashes = this.#chunks.get(shape.id)?.hashes;
    const start = first * shape.pieceSize;
    if (!hashes || first < 0 || count < 1 || first + count > shape.pieces) return -1;
    if (bytes.length !== Math.min((first + count) * shape.pieceSize, shape.size) - start) return -1;
    const own = bytes.slice();
    const found = await hashPieces(own, shape.pieceSize);
    if (!same(found, hashes.subarray(first * HASH, (first + count) * HASH))) return -1;
    return this.#keep(this.#hold(shape), first, own);
  }

  // takeWhole keeps what claims to be the whole chunk, if it is true. It returns as takePieces does.
  async takeWhole(shape: Shape, bytes: Uint8Array): Promise<number> {
    if (bytes.length !== shape.size) return -1;
    const own = bytes.slice();
    const hashes = await hashPieces(own, shape.pieceSize);
    if (!same(await sha256(hashes), shape.digest)) return -1;
    const held = this.#hold(shape);
    held.hashes ??= hashes;
    return this.#keep(held, 0, own);
  }

  drop(id: string): void {
    const held = this.#chunks.get(id);
    if (held?.bytes) this.#bytes -= held.shape.size;
    this.#chunks.delete(id);
  }

  clear(): void {
    this.#chunks.clear();
    this.#bytes = 0;
  }

  #hold(shape: Shape): Held {
    let held = this.#chunks.get(shape.id);
    if (!held) {
      held = { shape, bytes: null, hashes: null, pieces: new Uint8Array(shape.pieces), count: 0 };
      this.#chunks.set(shape.id, held);
    }
    return held;
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
    this.#makeRoom(shape.id);
    return fresh;
  }

  #makeRoom(keep: string): void {
    for (const id of this.#chunks.keys()) {
      if (this.#bytes <= this.#limit) return;
      if (id !== keep) this.drop(id);
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
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
