// The bytes of a chunk as they come in, cut into runs of whole pieces.

import { joined } from './bytes.ts';

export interface Run {
  first: number;
  count: number;
  bytes: Uint8Array;
}

export class Runs {
  readonly #size: number;
  readonly #pieceSize: number;
  #rest: Uint8Array[] = []; // of a piece that is not whole yet, and what came behind it
  #length = 0; // of the rest
  #piece: number;

  // The first byte that comes is that at `from`, where a piece begins.
  constructor({ size, pieceSize }: { size: number; pieceSize: number }, from: number) {
    this.#size = size;
    this.#pieceSize = pieceSize;
    this.#piece = from / pieceSize;
  }

  // take returns the run of pieces that these bytes complete; null if they complete none.
  take(bytes: Uint8Array): Run | null {
    this.#rest.push(bytes);
    this.#length += bytes.length;
    const start = this.#piece * this.#pieceSize;
    const left = this.#size - start;
    const count = this.#length >= left ? Math.ceil(left / this.#pieceSize) : Math.floor(this.#length / this.#pieceSize);
    if (count <= 0) return null;
    const all = joined(this.#rest);
    const end = Math.min(count * this.#pieceSize, left);
    this.#rest = [all.subarray(end)];
    this.#length = all.length - end;
    const first = this.#piece;
    this.#piece += count;
    return { first, count, bytes: all.subarray(0, end) };
  }
}
