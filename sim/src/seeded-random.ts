import { type CryptoPort, concat, type Random, u32, utf8Encode } from '@concordat/core';

/**
 * A reproducible stream of bytes for one purpose: AES-256-CTR under SHA-256 of (seed, purpose).
 * Streams of different purposes are unrelated. For simulations and tests only.
 */
export function seededRandom(crypto: CryptoPort, seed: number, purpose: string): Random {
  const key = crypto.sha256(utf8Encode('concordat/sim/random'), Uint8Array.of(0), seedBytes(seed), utf8Encode(purpose));
  const stream = crypto.openKeystream(key, 0);
  let block: Uint8Array = new Uint8Array(0);
  let at = 0;
  return {
    bytes(length) {
      const wanted = new Uint8Array(length);
      for (let filled = 0; filled < length; ) {
        if (at === block.length) {
          block = stream.next(blockBytes);
          at = 0;
        }
        const piece = block.subarray(at, at + length - filled);
        wanted.set(piece, filled);
        filled += piece.length;
        at += piece.length;
      }
      return wanted;
    },
  };
}

const blockBytes = 4096;

/** A number in [0, 1) from 32 bits of `random`. */
export function drawUnit(random: Random): number {
  const bytes = random.bytes(4);
  return (bytes[0]! * 2 ** 24 + bytes[1]! * 2 ** 16 + bytes[2]! * 2 ** 8 + bytes[3]!) / 2 ** 32;
}

/** As many numbers in [0, 1) as `drawUnit` would give one after the other. @returns [count]. */
export function drawUnits(random: Random, count: number): Float64Array {
  const bytes = random.bytes(4 * count);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const units = new Float64Array(count);
  for (let i = 0; i < count; i++) units[i] = words.getUint32(4 * i) / 2 ** 32;
  return units;
}

function seedBytes(seed: number): Uint8Array {
  return concat(u32(Math.floor(seed / 2 ** 32)), u32(seed % 2 ** 32));
}
