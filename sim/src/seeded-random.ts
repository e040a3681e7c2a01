import { type CryptoPort, concat, type Random, u32, utf8Encode } from '@concordat/core';

/**
 * A reproducible stream of bytes for one purpose: AES-256-CTR under SHA-256 of (seed, purpose).
 * Streams of different purposes are unrelated. For simulations and tests only.
 */
export function seededRandom(crypto: CryptoPort, seed: number, purpose: string): Random {
  const key = crypto.sha256(utf8Encode('concordat/sim/random'), Uint8Array.of(0), seedBytes(seed), utf8Encode(purpose));
  let at = 0;
  return {
    bytes(length) {
      const start = at - (at % 16);
      const stream = crypto.keystream(key, start, Math.ceil((at + length - start) / 16) * 16);
      const wanted = stream.slice(at - start, at - start + length);
      at += length;
      return wanted;
    },
  };
}

/** A number in [0, 1) from 32 bits of `random`. */
export function drawUnit(random: Random): number {
  const bytes = random.bytes(4);
  return (bytes[0]! * 2 ** 24 + bytes[1]! * 2 ** 16 + bytes[2]! * 2 ** 8 + bytes[3]!) / 2 ** 32;
}

function seedBytes(seed: number): Uint8Array {
  return concat(u32(Math.floor(seed / 2 ** 32)), u32(seed % 2 ** 32));
}
