import { createHash } from 'node:crypto';

/**
 * Indexes 0 … count − 1 in an order that `seed` fixes (Fisher–Yates over a SHA-256 stream).
 *
 * @param seed text such as `train/run/3/acme`; different texts give unrelated orders.
 * @returns a new [count].
 */
export function seededOrder(count: number, seed: string): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const draw = drawsOf(seed);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

/**
 * A reproducible stream of numbers in [0, 1), 32 bits each: SHA-256 of (seed, block).
 * For orders and initial weights; never for keys or masks.
 */
export function drawsOf(seed: string): () => number {
  let block = Buffer.alloc(0);
  let blocks = 0;
  let at = 0;
  return () => {
    if (at === block.length) {
      block = createHash('sha256').update(`concordat/draws\0${blocks++}\0${seed}`).digest();
      at = 0;
    }
    at += 4;
    return block.readUInt32BE(at - 4) / 2 ** 32;
  };
}
