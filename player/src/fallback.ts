// Cryptography for where WebCrypto is missing or does not know Ed25519: plain http over a network, older browsers.
// Loaded only then.

import { hashes, verify } from '@noble/ed25519';
import { sha256 as digest, sha512 } from '@noble/hashes/sha2.js';

hashes.sha512 = sha512;

export function sha256(bytes: Uint8Array): Uint8Array {
  return digest(bytes);
}

export function verifyEd25519(key: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean {
  try {
    return verify(signature, message, key);
  } catch {
    return false; // not a point of the curve
  }
}
