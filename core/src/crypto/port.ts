/**
 * The synchronous primitives the core needs, behind one port. Its implementations give identical bytes and identical
 * errors: node:crypto, also with the curves of libsodium (in `node/`), and `portableCrypto` (tweetnacl and @noble, beside this file).
 * No method has hidden randomness or changes an argument, and only an open keystream keeps one: its key.
 *
 * All keys, secrets and digests are 32 bytes unless said; signatures are 64. A secret, key or nonce of another length is
 * `invalid-argument`.
 */
export interface CryptoPort {
  /** SHA-256 (FIPS 180-4) over the concatenation of `parts`. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  /**
   * HKDF-SHA256 (RFC 5869), 32 bytes.
   *
   * @throws `invalid-argument` for an `info` above 1,024 bytes, which node:crypto does not take.
   */
  hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array): Uint8Array;
  /**
   * AES-256-CTR keystream (SP 800-38A), initial counter block 0.
   *
   * @param fromByte first byte wanted; a multiple of 16.
   * @param length bytes wanted; keep calls at 32–64 KiB, larger ones are up to three times slower.
   * @throws `invalid-argument` for a place that is no multiple of 16, or beyond 2^53 bytes.
   */
  keystream(key: Uint8Array, fromByte: number, length: number): Uint8Array;
  /**
   * The same keystream read piece by piece without a key schedule and a cipher for each: those cost half as much as 48 KiB of stream.
   *
   * @param key must stay as it is while the stream is read.
   * @throws `invalid-argument` as `keystream` does.
   */
  openKeystream(key: Uint8Array, fromByte: number): Keystream;
  /** X25519 public key of a 32-byte secret (RFC 7748). */
  x25519PublicKey(secret: Uint8Array): Uint8Array;
  /**
   * X25519 shared secrets with many public keys. A secret is read once for all of them: that costs OpenSSL as much as an agreement.
   *
   * @returns one secret for each public key, in their order.
   * @throws `verification` for a non-canonical or low-order public key, or an all-zero result.
   */
  x25519(secret: Uint8Array, publicKeys: readonly Uint8Array[]): readonly Uint8Array[];
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  ed25519Sign(message: Uint8Array, seed: Uint8Array): Uint8Array;
  /** False, never an exception, for a wrong length, S ≥ L, a small-order or non-canonical key or R. */
  ed25519Verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  /** XSalsa20-Poly1305 (NaCl secretbox), 24-byte nonce; the box is 16 bytes longer than the plaintext. */
  secretboxSeal(plaintext: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
  /** @returns undefined when the tag is wrong. */
  secretboxOpen(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | undefined;
}

/** A keystream that is read in order. */
export interface Keystream {
  /** @param length bytes, a multiple of 16; the next piece begins behind them. @returns the caller's. */
  next(length: number): Uint8Array;
}

/** Signs with one Ed25519 identity whose secret the core never sees. */
export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}
