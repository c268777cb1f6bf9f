// What the files around the session know of the store.

export interface Shape {
  id: string;
  size: number;
  pieceSize: number;
  pieces: number;
  digest: Uint8Array; // SHA-256 over the hashes of the pieces
}

export interface Keep {
  whole(id: string): boolean;
  drop(id: string): void;
  copy(id: string): Uint8Array<ArrayBuffer> | null;
  hashes(id: string): Uint8Array | null;
  pieces(id: string, first: number, count: number): Uint8Array | null;
  takeHashes(shape: Shape, hashes: Uint8Array): Promise<number>;
  takePieces(shape: Shape, first: number, count: number, bytes: Uint8Array): Promise<number>;
  takeWhole(shape: Shape, bytes: Uint8Array): Promise<number>;
}

// What the take calls return instead of a number of bytes.
export const FALSE = -1; // it is not what it claims to be: whoever gave it is to blame
export const MISSING = -2; // it cannot be told, or not be kept: the chunk or its hashes are no longer here
