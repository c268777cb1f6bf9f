// Chunks and records for the tests, made as the origin makes them.

import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const sha256 = (b: Uint8Array): Buffer => createHash('sha256').update(b).digest();

export const keys = generateKeyPairSync('ed25519');
export const publicKey = keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');

export interface Made {
  bytes: Uint8Array<ArrayBuffer>;
  hashes: Uint8Array<ArrayBuffer>;
  record: Uint8Array<ArrayBuffer>;
  text: string; // of the record, as in a playlist
}

// make returns a chunk of size bytes and its signed record.
export function makeChunk(size: number, { msn = 12, part = 3, kind = 0, pieceSize = 1024, epoch = 1_700_000_000, rendition = 0, micros = 333_333 } = {}): Made {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 7 + (i >> 8) * 31 + msn * 13 + part) & 255;
  const each: Buffer[] = [];
  for (let at = 0; at < size; at += pieceSize) each.push(sha256(bytes.subarray(at, at + pieceSize)));
  const hashes = new Uint8Array(Buffer.concat(each));
  const record = Buffer.alloc(128);
  record.writeUInt8(1, 0);
  record.writeUInt8(1, 1);
  record.writeUInt16BE(pieceSize, 2);
  record.writeUInt32BE(epoch, 4);
  record.writeUInt8(rendition, 8);
  record.writeUInt8(kind, 9);
  record.writeUInt16BE(part, 10);
  record.writeBigUInt64BE(BigInt(msn), 12);
  record.writeUInt32BE(micros, 24);
  record.writeUInt32BE(size, 28);
  sha256(hashes).copy(record, 32);
  sign(null, Buffer.concat([Buffer.from('shoal chunk record 1\n'), record.subarray(0, 64)]), keys.privateKey).copy(record, 64);
  return { bytes, hashes, record: new Uint8Array(record), text: record.toString('base64').replace(/=+$/, '') };
}
