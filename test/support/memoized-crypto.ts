import type { CryptoPort, Signer } from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';

/** Entries after which a memory is emptied; about 100 bytes each. */
const entriesMax = 400_000;

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** A pure function of byte strings that remembers its results. What it throws is not remembered. */
function remembering<Result>(compute: (...parts: readonly Uint8Array[]) => Result) {
  const known = new Map<string, Result>();
  return (...parts: readonly Uint8Array[]): Result => {
    const name = parts.map((part) => `${part.length}:${textOf(part)}`).join('');
    const before = known.get(name);
    if (before !== undefined) return before;
    if (known.size >= entriesMax) known.clear();
    const result = compute(...parts);
    known.set(name, result);
    return result;
  };
}

const publicKey = remembering((secret) => nodeCrypto.x25519PublicKey(secret!));
const agreed = remembering((secret, key) => nodeCrypto.x25519(secret!, [key!])[0]!);
const derived = remembering((secret, salt, info) => nodeCrypto.hkdf(secret!, salt!, info!));
const verified = remembering((message, signature, key) => nodeCrypto.ed25519Verify(message!, signature!, key!));

/**
 * The node:crypto port, computing each agreement, derivation and verification once: thousands of runs repeat the same ones. Results
 * are the real ones; each caller gets its own copy, because the machines wipe what they were given.
 */
export const memoizedCrypto: CryptoPort = {
  ...nodeCrypto,
  x25519PublicKey: (secret) => publicKey(secret).slice(),
  x25519: (secret, keys) => keys.map((key) => agreed(secret, key).slice()),
  hkdf: (secret, salt, info) => derived(secret, salt, info).slice(),
  ed25519Verify: (message, signature, key) => verified(message, signature, key),
};

/** An identity that signs each message once; Ed25519 is deterministic, so a repetition has the same bytes anyway. */
export function memoizedIdentity(seed: Uint8Array): Signer {
  const signer = identityFromSeed(seed);
  const signed = remembering((message) => signer.sign(message!));
  return { publicKey: signer.publicKey, sign: (message) => signed(message).slice() };
}
