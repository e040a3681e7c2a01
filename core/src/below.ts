import { readU32 } from './bytes.js';
import type { Random } from './random.js';

/** A uniform integer from 0 to limit − 1; draws again instead of folding the uneven rest. @param limit 1 to 2^32. */
export function below(limit: number, random: Random): number {
  const even = Math.floor(2 ** 32 / limit) * limit;
  for (;;) {
    const drawn = readU32(random.bytes(4));
    if (drawn < even) return drawn % limit;
  }
}
