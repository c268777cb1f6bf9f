// Chunk records: what the origin says of a chunk, signed with the stream's key. This leaf reads them and checks their
// signatures, each once. Nothing of the swarm happens to a chunk whose record is not true.
//
// The bytes are defined in swarm/wire/record.go; only the fields that the browser itself needs are read here.

export interface ChunkRecord {
  bytes: Uint8Array; // all 128, for the scheduler
  id: string; // the chunk ID, in hexadecimal
  epoch: number;
  rendition: number;
  kind: number; // 0 part, 1 segment, 2 init
  part: number;
  msn: number; // of an init segment its own number
  independent: boolean;
  last: boolean; // the last part of its segment; false: it is not known to be
  discontinuity: number; // how many stand before the chunk
  pieceSize: number;
  pieces: number;
  size: number;
  seconds: number;
  digest: Uint8Array;
}

export const RECORD_SIZE = 128;
export const PART = 0;
export const INIT = 2;

const SIGNED = 64;
const PREFIX = new TextEncoder().encode('shoal chunk record 1\n');
export const MAX_CHUNK = 8 << 20;

// parseRecord reads a record as a playlist carries it, and checks its bounds; null if it is none. It does not check the
// signature.
export function parseRecord(text: string): ChunkRecord | null {
  const bytes = fromBase64(text);
  return bytes && readRecord(bytes);
}

// readRecord reads a record as peers send it.
export function readRecord(bytes: Uint8Array): ChunkRecord | null {
  if (bytes.length < RECORD_SIZE || bytes[0] !== 1) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const pieceSize = view.getUint16(2);
  const size = view.getUint32(28);
  const kind = view.getUint8(9);
  if (kind > INIT || pieceSize < 1024 || pieceSize > 16384 || size === 0 || size > MAX_CHUNK) return null;
  return {
    bytes: bytes.slice(0, RECORD_SIZE),
    id: Array.from(bytes.subarray(4, 20), (b) => b.toString(16).padStart(2, '0')).join(''),
    epoch: view.getUint32(4),
    rendition: view.getUint8(8),
    kind,
    part: view.getUint16(10),
    msn: view.getUint32(12) * 2 ** 32 + view.getUint32(16),
    independent: (view.getUint8(1) & 1) !== 0,
    last: (view.getUint8(1) & 2) !== 0,
    discontinuity: view.getUint32(20),
    pieceSize,
    pieces: Math.ceil(size / pieceSize),
    size,
    seconds: view.getUint32(24) / 1e6,
    digest: bytes.slice(32, 64),
  };
}

// writeRecord returns a record as a playlist carries it.
export function writeRecord(record: ChunkRecord): string {
  return btoa(String.fromCharCode(...record.bytes)).replace(/=+$/, '');
}

// fromBase64 reads standard base64, with or without padding; null if it is none.
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  } catch {
    return null;
  }
}

type Verify = (signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>) => Promise<boolean>;

// A StreamKey checks records against the public key of one stream.
export class StreamKey {
  readonly #verify: Promise<Verify>;

  // key is base64 of 32 bytes. A key that is none verifies nothing.
  constructor(key: string) {
    this.#verify = verifier(key);
  }

  async verifies(record: ChunkRecord): Promise<boolean> {
    const message = new Uint8Array(PREFIX.length + SIGNED);
    message.set(PREFIX);
    message.set(record.bytes.subarray(0, SIGNED), PREFIX.length);
    try {
      const verify = await this.#verify;
      return await verify(record.bytes.slice(SIGNED, RECORD_SIZE), message);
    } catch {
      return false;
    }
  }
}

async function verifier(text: string): Promise<Verify> {
  const key = fromBase64(text);
  if (!key || key.length !== 32) return async () => false;
  const subtle = globalThis.crypto?.subtle;
  if (subtle) {
    try {
      const imported = await subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
      return (signature, message) => subtle.verify({ name: 'Ed25519' }, imported, signature, message);
    } catch {
      // a browser that does not know Ed25519
    }
  }
  const { verifyEd25519 } = await import('./fallback.ts');
  return async (signature, message) => verifyEd25519(key, signature, message);
}
