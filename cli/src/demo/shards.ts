import { createHash } from 'node:crypto';

/** Shards per organization: few enough that each knows only some digits, many enough that all digits are known by someone. */
export const shardsPerParticipant = 6;

/**
 * Divide examples among organizations so that each knows only some labels: sort by label, cut into shards of equal size,
 * deal the shards by seed. No organization gets two shards of the same label while others have none, so that no label
 * is lost with one organization.
 *
 * @param labels [examples] class numbers.
 * @param options.examplesMax examples of each organization at most; every shard keeps its first ones.
 * @returns [participants] lists of example indexes, shuffled by seed within each organization.
 * @see McMahan et al. 2017 (arXiv:1602.05629), section 3: the pathological non-IID partition, there with two shards each.
 */
export function dealShards(
  labels: Uint8Array,
  options: { readonly participants: number; readonly seed: number; readonly examplesMax?: number | undefined },
): number[][] {
  const { participants, seed } = options;
  const shards = participants * shardsPerParticipant;
  const shardLength = Math.floor(labels.length / shards);
  const kept = Math.min(
    shardLength,
    Math.ceil((options.examplesMax ?? Number.POSITIVE_INFINITY) / shardsPerParticipant),
  );
  const sorted = Array.from(labels.keys()).sort((a, b) => labels[a]! - labels[b]! || a - b);
  const labelOf = (shard: number) => labels[sorted[Math.floor((shard + 0.5) * shardLength)]!]!;
  const dealt = deal(
    Array.from({ length: shards }, (_, shard) => labelOf(shard)),
    participants,
    drawsOf(seed, 'shards'),
  );
  return dealt.map((own, participant) => {
    const indices = own.flatMap((shard) => sorted.slice(shard * shardLength, shard * shardLength + kept));
    return shuffled(indices, drawsOf(seed, `examples/${participant}`));
  });
}

/**
 * Label by label, each shard goes to one of those who have the fewest of all and none of this label yet.
 *
 * @param labels [shards] the label most of each shard has, ascending. @returns [participants] equally many shards each.
 */
function deal(labels: readonly number[], participants: number, draw: () => number): number[][] {
  const hands = Array.from({ length: participants }, (): number[] => []);
  for (const label of shuffled([...new Set(labels)], draw)) {
    const shards = labels.flatMap((own, shard) => (own === label ? [shard] : []));
    const order = shuffled(hands, draw).sort((a, b) => a.length - b.length);
    for (const [i, shard] of shards.entries()) order[i % participants]!.push(shard);
  }
  return hands;
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
