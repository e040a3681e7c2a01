import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import {
  type CryptoPort,
  isStrictEd25519Key,
  isStrictEd25519Signature,
  type Keystream,
  portableCrypto,
  requireBytes,
  requireInfo,
  requireSharedSecret,
  requireStreamRange,
  requireX25519Key,
  zeroSharedSecret,
} from '@concordat/core';
import { keepFreedMemory } from './kept-memory.js';
import { loadSodiumCurves } from './sodium-curves.js';

/** The port over OpenSSL, which has no secret box: that one is tweetnacl's, as in the portable twin. Fast, strict, without hidden randomness. */
export const openSslCrypto: CryptoPort = {
  sha256,
  hkdf,
  keystream,
  openKeystream,
  x25519PublicKey: (secret) => rawPublicKey(privateKey('x25519', secret)),
  x25519,
  ed25519PublicKey: (seed) => rawPublicKey(privateKey('ed25519', seed)),
  ed25519Sign: (message, seed) => plain(sign(null, message, privateKey('ed25519', seed))),
  ed25519Verify,
  secretboxSeal: portableCrypto.secretboxSeal,
  secretboxOpen: portableCrypto.secretboxOpen,
};

/** The fastest port that can be had here: OpenSSL's, with the curves of libsodium where that is installed. */
export const nodeCrypto: CryptoPort = { ...openSslCrypto, ...loadSodiumCurves() };

type Curve = 'x25519' | 'ed25519';

// RFC 8037 around raw 32-byte keys. Measured against the DER of RFC 8410: a private key is read in a tenth of the time, a public one in
// a twelfth, because OpenSSL 3 tries every decoder it has on DER; and a session reads some hundred of them.
const curveName: Record<Curve, string> = { x25519: 'X25519', ed25519: 'Ed25519' };

/** Stands for the public half, which a private key must name and nobody reads: OpenSSL computes it. */
const unread = 'A'.repeat(43);

/**
 * OpenSSL's handle on a raw secret. The text made on the way cannot be wiped, only forgotten, like the handle itself: both are
 * unreachable when the call that needed them returns.
 *
 * @param secret 32 bytes; stays the caller's.
 * @throws `invalid-argument` for another length.
 */
export function privateKey(curve: Curve, secret: Uint8Array): KeyObject {
  requireBytes(`${curve} secret`, secret, 32);
  const key = { kty: 'OKP', crv: curveName[curve], x: unread, d: base64url(secret) };
  return createPrivateKey({ key, format: 'jwk' });
}

/** The 32 raw bytes of the public half. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const half = key.type === 'public' ? key : createPublicKey(key);
  return new Uint8Array(Buffer.from(half.export({ format: 'jwk' }).x!, 'base64url'));
}

function publicKeyObject(curve: Curve, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: curveName[curve], x: base64url(raw) }, format: 'jwk' });
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

// Short parts are joined here, and wiped: they may be secret. In one shot no object is made for the state, which takes a third of the time.
const joined = new Uint8Array(1024);

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return bytesOf(hash('sha256', parts[0]!, 'binary'));
  let length = 0;
  for (const part of parts) length += part.length;
  return length <= joined.length ? hashOfShort(parts, length) : hashOfLong(parts);
}

function hashOfShort(parts: readonly Uint8Array[], length: number): Uint8Array {
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  const digest = hash('sha256', joined.subarray(0, length), 'binary');
  joined.fill(0, 0, length);
  return bytesOf(digest);
}

function hashOfLong(parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash('sha256');
  for (const part of parts) state.update(part);
  return bytesOf(state.digest('binary'));
}

/** A digest out of its text, which is made in half the time of a buffer. */
function bytesOf(latin1: string): Uint8Array {
  const bytes = new Uint8Array(latin1.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = latin1.charCodeAt(i);
  return bytes;
}

/** The counter of RFC 5869's first block. */
const firstBlock = Uint8Array.of(1);

// RFC 5869 §2.2 and §2.3 for one block of output. The same by hkdfSync, whose every call is a job with key objects, takes twice as long.
function hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array {
  requireInfo(info);
  const pseudorandomKey = createHmac('sha256', salt).update(secret).digest();
  const block = createHmac('sha256', pseudorandomKey).update(info).update(firstBlock).digest();
  pseudorandomKey.fill(0);
  return plain(block);
}

// Read-only: one zero block shared by all calls. Above 64 KiB per update OpenSSL's output leaves the cache.
const zeros = new Uint8Array(65_536);

/** From such pieces on a keystream is worth keepFreedMemory. */
const longBytes = 16_384;

function keystream(key: Uint8Array, fromByte: number, length: number): Uint8Array {
  requireBytes('keystream key', key, 32);
  requireStreamRange(fromByte, length);
  return openKeystream(key, fromByte).next(length);
}

function openKeystream(key: Uint8Array, fromByte: number): Keystream {
  requireBytes('keystream key', key, 32);
  requireStreamRange(fromByte, 0);
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt(fromByte / 16), 8);
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  return {
    next(length) {
      if (length >= longBytes) keepFreedMemory();
      if (length <= zeros.length) return plain(cipher.update(zeros.subarray(0, length)));
      const out = new Uint8Array(length);
      for (let at = 0; at < length; at += zeros.length) {
        out.set(cipher.update(zeros.subarray(0, Math.min(zeros.length, length - at))), at);
      }
      return out;
    },
  };
}

function x25519(secret: Uint8Array, publicKeys: readonly Uint8Array[]): readonly Uint8Array[] {
  const ours = privateKey('x25519', secret);
  return publicKeys.map((publicKey) => {
    requireX25519Key(publicKey);
    const shared = agree(ours, publicKeyObject('x25519', publicKey));
    requireSharedSecret(shared);
    return shared;
  });
}

// All that OpenSSL can still refuse here is a result of all zeros.
function agree(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  try {
    return new Uint8Array(diffieHellman({ privateKey, publicKey }));
  } catch {
    throw zeroSharedSecret();
  }
}

/** Identities whose keys stay read: a session verifies four signatures of every member, and a run has many sessions. */
const verificationKeysMax = 1024;
const verificationKeys = new Map<string, KeyObject>();

function verificationKey(raw: Uint8Array): KeyObject {
  const name = base64url(raw);
  const known = verificationKeys.get(name);
  if (known !== undefined) return known;
  const key = publicKeyObject('ed25519', raw);
  if (verificationKeys.size >= verificationKeysMax) verificationKeys.clear();
  verificationKeys.set(name, key);
  return key;
}

function ed25519Verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (!isStrictEd25519Key(publicKey) || !isStrictEd25519Signature(signature)) return false;
  try {
    return verify(null, message, verificationKey(publicKey), signature);
  } catch {
    return false;
  }
}

/** The same bytes without Buffer's prototype, so that results compare equal across implementations. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
