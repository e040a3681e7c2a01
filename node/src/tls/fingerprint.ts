import { createHash } from 'node:crypto';

/** SHA-256 in lower-case hexadecimal, of a certificate's DER or a public key. */
export function fingerprintOf(...parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/**
 * A fingerprint two people can read to each other: its first 128 bits in eight groups of four.
 * 128 bits: somebody who wants another key with the same text has to try 2^128 of them.
 */
export function spokenFingerprint(fingerprint: string): string {
  return fingerprint.slice(0, 32).match(/.{4}/g)?.join(' ') ?? '';
}
