// What every implementation of the port refuses before and after its library is asked. The checks are here and not in
// the implementations, so that one wrong argument is one error with one text, whichever of them is asked.

import { FederatedError } from '../errors.js';
import { isStrictX25519Key } from './strict-keys.js';

/** Longest `info` that node:crypto's HKDF takes, bytes; the protocol's are shorter than 32. */
const infoBytesMax = 1024;

/**
 * Demand a length.
 *
 * @param what name of the argument, for the message; its bytes are never quoted.
 * @throws `invalid-argument` for another length.
 */
export function requireBytes(what: string, bytes: Uint8Array, required: number): void {
  if (bytes.length === required) return;
  throw new FederatedError('invalid-argument', `${what} has the wrong length`, {
    detail: { required, offered: bytes.length },
    fix: `Pass ${required} bytes.`,
  });
}

/**
 * Demand an HKDF `info` of at most 1,024 bytes.
 *
 * @throws `invalid-argument` otherwise.
 */
export function requireInfo(info: Uint8Array): void {
  if (info.length <= infoBytesMax) return;
  throw new FederatedError('invalid-argument', 'HKDF info is too long', {
    detail: { required: infoBytesMax, offered: info.length },
    fix: `Pass at most ${infoBytesMax} bytes.`,
  });
}

/**
 * Demand a place in a keystream that exists: whole blocks from 0, all of it below 2^53 bytes.
 *
 * @throws `invalid-argument` otherwise.
 */
export function requireStreamRange(fromByte: number, length: number): void {
  if (!Number.isSafeInteger(fromByte) || fromByte < 0 || fromByte % 16 !== 0) {
    throw new FederatedError('invalid-argument', 'keystream position is not a multiple of 16', {
      detail: { fromByte },
      fix: 'Begin at a whole AES block.',
    });
  }
  if (!Number.isSafeInteger(length) || length < 0 || !Number.isSafeInteger(fromByte + length)) {
    throw new FederatedError('invalid-argument', 'keystream length is not a number of bytes', {
      detail: { fromByte, length },
      fix: 'Ask for 0 or more bytes below position 2^53.',
    });
  }
}

/**
 * Demand a strict X25519 public key: 32 bytes, canonical, not of low order.
 *
 * @throws `verification` otherwise.
 */
export function requireX25519Key(publicKey: Uint8Array): void {
  if (isStrictX25519Key(publicKey)) return;
  throw new FederatedError('verification', 'not a strict X25519 public key', {
    detail: { required: '32 bytes, below 2^255 − 19, not of low order', offered: `${publicKey.length} bytes` },
    fix: 'Refuse the peer that sent it: no honest client makes such a key.',
  });
}

/**
 * Demand a shared secret that is not zero (RFC 7748 §6.1). No strict key leads to zero; this holds should a check above fail.
 *
 * @param shared [32], secret; looked at in constant time.
 * @throws `verification` for all zeros.
 */
export function requireSharedSecret(shared: Uint8Array): void {
  let any = 0;
  for (const byte of shared) any |= byte;
  if (any === 0) throw zeroSharedSecret();
}

/** The refusal of a Diffie–Hellman result of all zeros, for libraries that refuse it themselves. */
export function zeroSharedSecret(): FederatedError {
  return new FederatedError('verification', 'X25519 gave all zeros', {
    fix: 'Refuse the peer that sent the public key.',
  });
}
