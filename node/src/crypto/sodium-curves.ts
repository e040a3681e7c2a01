import { createRequire } from 'node:module';
import {
  type CryptoPort,
  isStrictEd25519Key,
  isStrictEd25519Signature,
  requireBytes,
  requireX25519Key,
  zeroSharedSecret,
} from '@concordat/core';

/** What of the port libsodium does in half of OpenSSL's time: a session's agreements and verifications. */
export type SodiumCurves = Pick<CryptoPort, 'x25519' | 'ed25519Verify'>;

/** The two functions that are used of sodium-native, which has no types. */
interface Sodium {
  /** @throws for a result of all zeros. */
  crypto_scalarmult(shared: Uint8Array, secret: Uint8Array, publicKey: Uint8Array): void;
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

/**
 * The curves over libsodium, where the optional package sodium-native is installed and its binary loads; undefined elsewhere.
 *
 * OpenSSL's Ed25519 has no assembly, and reads every key anew. Which keys and signatures count is decided before the library, as
 * everywhere (`core/src/crypto/strict-keys.ts`), so both give the same bytes and the same verdicts.
 */
export function loadSodiumCurves(): SodiumCurves | undefined {
  const sodium = loadSodium();
  if (sodium === undefined) return undefined;
  return {
    x25519: (secret, publicKeys) => {
      requireBytes('x25519 secret', secret, 32);
      return publicKeys.map((publicKey) => agree(sodium, secret, publicKey));
    },
    ed25519Verify: (message, signature, publicKey) =>
      isStrictEd25519Key(publicKey) &&
      isStrictEd25519Signature(signature) &&
      sodium.crypto_sign_verify_detached(signature, message, publicKey),
  };
}

function agree(sodium: Sodium, secret: Uint8Array, publicKey: Uint8Array): Uint8Array {
  requireX25519Key(publicKey);
  const shared = new Uint8Array(32);
  try {
    sodium.crypto_scalarmult(shared, secret, publicKey);
  } catch {
    throw zeroSharedSecret();
  }
  return shared;
}

// A binary that is missing for this platform, or broken, is as good as none: OpenSSL does the same.
function loadSodium(): Sodium | undefined {
  try {
    return createRequire(import.meta.url)('sodium-native') as Sodium;
  } catch {
    return undefined;
  }
}
