import {
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import {
  type CryptoPort,
  isStrictEd25519Key,
  isStrictEd25519Signature,
  portableCrypto,
  requireBytes,
  requireInfo,
  requireSharedSecret,
  requireStreamRange,
  requireX25519Key,
  zeroSharedSecret,
} from '@concordat/core';

/** The port over OpenSSL, which has no secret box: that one is tweetnacl's, as in the portable twin. Fast, strict, without hidden randomness. */
export const nodeCrypto: CryptoPort = {
  sha256,
  hkdf,
  keystream,
  x25519PublicKey: (secret) => rawPublicKey(privateKey('x25519', secret)),
  x25519,
  ed25519PublicKey: (seed) => rawPublicKey(privateKey('ed25519', seed)),
  ed25519Sign: (message, seed) => plain(sign(null, message, privateKey('ed25519', seed))),
  ed25519Verify,
  secretboxSeal: portableCrypto.secretboxSeal,
  secretboxOpen: portableCrypto.secretboxOpen,
};

type Curve = 'x25519' | 'ed25519';

// DER around raw 32-byte keys (RFC 8410): the only form of raw key that every supported Node takes without JWK's base64.
const privatePrefix: Record<Curve, Buffer> = {
  x25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
};
const publicPrefix: Record<Curve, Buffer> = {
  x25519: Buffer.from('302a300506032b656e032100', 'hex'),
  ed25519: Buffer.from('302a300506032b6570032100', 'hex'),
};

/**
 * OpenSSL's handle on a raw secret; the copy made on the way is wiped.
 *
 * @param secret 32 bytes; stays the caller's.
 * @throws `invalid-argument` for another length.
 */
export function privateKey(curve: Curve, secret: Uint8Array): KeyObject {
  requireBytes(`${curve} secret`, secret, 32);
  const key = Buffer.concat([privatePrefix[curve], secret]);
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } finally {
    key.fill(0);
  }
}

/** The 32 raw bytes of the public half. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const half = key.type === 'public' ? key : createPublicKey(key);
  return new Uint8Array(half.export({ format: 'der', type: 'spki' }).subarray(-32));
}

function publicKeyObject(curve: Curve, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([publicPrefix[curve], raw]), format: 'der', type: 'spki' });
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

function hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array {
  requireInfo(info);
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, 32));
}

// Read-only: one zero block shared by all calls. Above 64 KiB per update OpenSSL's output leaves the cache.
const zeros = new Uint8Array(65_536);

function keystream(key: Uint8Array, fromByte: number, length: number): Uint8Array {
  requireBytes('keystream key', key, 32);
  requireStreamRange(fromByte, length);
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt(fromByte / 16), 8);
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  if (length <= zeros.length) return plain(cipher.update(zeros.subarray(0, length)));
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += zeros.length) {
    out.set(cipher.update(zeros.subarray(0, Math.min(zeros.length, length - at))), at);
  }
  return out;
}

function x25519(secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  requireX25519Key(publicKey);
  const ours = privateKey('x25519', secret);
  const shared = agree(ours, publicKeyObject('x25519', publicKey));
  requireSharedSecret(shared);
  return shared;
}

// All that OpenSSL can still refuse here is a result of all zeros.
function agree(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  try {
    return new Uint8Array(diffieHellman({ privateKey, publicKey }));
  } catch {
    throw zeroSharedSecret();
  }
}

function ed25519Verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (!isStrictEd25519Key(publicKey) || !isStrictEd25519Signature(signature)) return false;
  try {
    return verify(null, message, publicKeyObject('ed25519', publicKey), signature);
  } catch {
    return false;
  }
}

/** The same bytes without Buffer's prototype, so that results compare equal across implementations. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
