import { createHash } from 'node:crypto';

/** Shards per organization: few enough that each knows only some digits, many enough that all digits are known by someone. */
export const shardsPerParticipant = 6;

/**
 * Divide examples among organizations the way McMahan et al. make them unlike each other: sort by label, cut into
 * shards of equal size, deal the shards by seed.
 *
 * @param labels [examples] class numbers.
 * @param examplesMax examples of each organization at most; every shard keeps its first ones.
 * @returns [participants] lists of example indexes, shuffled by seed within each organization.
 * @see McMahan et al. 2017 (arXiv:1602.05629), section 3, the pathological non-IID partition.
 */
export function dealShards(
  labels: Uint8Array,
  options: { readonly participants: number; readonly seed: number; readonly examplesMax?: number | undefined },
): number[][] {
  const shards = options.participants * shardsPerParticipant;
  const shardLength = Math.floor(labels.length / shards);
  const kept = Math.min(
    shardLength,
    Math.ceil((options.examplesMax ?? Number.POSITIVE_INFINITY) / shardsPerParticipant),
  );
  const sorted = Array.from(labels.keys()).sort((a, b) => labels[a]! - labels[b]! || a - b);
  const dealt = shuffled(
    Array.from({ length: shards }, (_, shard) => shard),
    drawsOf(options.seed, 'shards'),
  );
  return Array.from({ length: options.participants }, (_, participant) => {
    const own = dealt.slice(participant * shardsPerParticipant, (participant + 1) * shardsPerParticipant);
    const indices = own.flatMap((shard) => sorted.slice(shard * shardLength, shard * shardLength + kept));
    return shuffled(indices, drawsOf(options.seed, `examples/${participant}`));
  });
}

/** How many examples of each label a set of examples holds. */
export function countLabels(labels: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
}

/**
 * A reproducible stream of numbers in [0, 1) for one purpose: SHA-256 of (seed, purpose, block), 32 bits at a time.
 * For data and initial weights only, never for keys.
 */
export function drawsOf(seed: number, purpose: string): () => number {
  let block = Buffer.alloc(0);
  let blocks = 0;
  let at = 0;
  return () => {
    if (at + 4 > block.length) {
      block = createHash('sha256').update(`concordat-demo/${seed}/${purpose}/${blocks++}`).digest();
      at = 0;
    }
    at += 4;
    return block.readUInt32BE(at - 4) / 2 ** 32;
  };
}

/** A new list in random order (Fisher–Yates). */
export function shuffled<T>(list: readonly T[], draw: () => number): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(draw() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
