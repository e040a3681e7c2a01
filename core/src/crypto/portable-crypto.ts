import { ctr } from '@noble/ciphers/aes.js';
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { requireBytes, requireInfo, requireSharedSecret, requireStreamRange, requireX25519Key } from './arguments.js';
import { sequentialKeystream } from './keystream.js';
import type { CryptoPort } from './port.js';
import { isStrictEd25519Key, isStrictEd25519Signature } from './strict-keys.js';
import { nacl } from './tweetnacl.js';

/**
 * The port in JavaScript alone: tweetnacl for the curves and the secret box, @noble for SHA-256, HKDF and AES.
 * It runs wherever ES2022 does and gives, byte for byte and error for error, what node:crypto gives.
 *
 * It is slower than node:crypto (measured: Ed25519 20 to 40 times, AES 24, SHA-256 9, X25519 hardly), and its AES reads
 * tables, so its time may tell something of a key to whoever shares the machine. Prefer node:crypto where there is one.
 */
export const portableCrypto: CryptoPort = {
  sha256,
  hkdf,
  keystream,
  openKeystream: sequentialKeystream(keystream),
  x25519PublicKey,
  x25519,
  ed25519PublicKey,
  ed25519Sign,
  ed25519Verify,
  secretboxSeal,
  secretboxOpen,
};

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = nobleSha256.create();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array {
  requireInfo(info);
  return nobleHkdf(nobleSha256, secret, salt, info, 32);
}

function keystream(key: Uint8Array, fromByte: number, length: number): Uint8Array {
  requireBytes('keystream key', key, 32);
  requireStreamRange(fromByte, length);
  const counter = new Uint8Array(16);
  new DataView(counter.buffer).setBigUint64(8, BigInt(fromByte / 16));
  // Zeros become their own keystream in place: one buffer, and it is the caller's.
  const stream = new Uint8Array(length);
  return ctr(key, counter).encrypt(stream, stream);
}

function x25519PublicKey(secret: Uint8Array): Uint8Array {
  requireBytes('x25519 secret', secret, 32);
  return nacl.scalarMult.base(secret);
}

function x25519(secret: Uint8Array, publicKeys: readonly Uint8Array[]): readonly Uint8Array[] {
  requireBytes('x25519 secret', secret, 32);
  return publicKeys.map((publicKey) => {
    requireX25519Key(publicKey);
    const shared = nacl.scalarMult(secret, publicKey);
    requireSharedSecret(shared);
    return shared;
  });
}

function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return withSigningKey(seed, ({ publicKey }) => publicKey);
}

function ed25519Sign(message: Uint8Array, seed: Uint8Array): Uint8Array {
  return withSigningKey(seed, ({ secretKey }) => nacl.sign.detached(message, secretKey));
}

// tweetnacl's secret key is the seed and the public key in one; that copy of the seed is wiped.
function withSigningKey<Result>(
  seed: Uint8Array,
  use: (pair: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }) => Result,
): Result {
  requireBytes('ed25519 secret', seed, 32);
  const pair = nacl.sign.keyPair.fromSeed(seed);
  try {
    return use(pair);
  } finally {
    pair.secretKey.fill(0);
  }
}

function ed25519Verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (!isStrictEd25519Key(publicKey) || !isStrictEd25519Signature(signature)) return false;
  return nacl.sign.detached.verify(message, signature, publicKey);
}

function secretboxSeal(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  requireBytes('secretbox key', key, 32);
  requireBytes('secretbox nonce', nonce, 24);
  return nacl.secretbox(plaintext, nonce, key);
}

function secretboxOpen(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  requireBytes('secretbox key', key, 32);
  requireBytes('secretbox nonce', nonce, 24);
  return nacl.secretbox.open(box, nonce, key) ?? undefined;
}
