import { FederatedError } from '@concordat/core';
import { indicesByLabel } from './by-label.js';
import type { Partition, PartitionQuestion } from './partition.js';

/**
 * Examples sorted by label, cut into shards of equal length, and each participant gets so many of them at random. What is left of the
 * last shard belongs to nobody.
 *
 * @throws `invalid-argument` without labels, or with fewer examples than shards.
 * @see McMahan et al. 2017 (arXiv:1602.05629), section 3: two shards of 300 for each of 100 clients.
 */
export function byShards({ examples, participants, draws }: PartitionQuestion, each: number): Partition {
  const sorted = indicesByLabel(examples).flat();
  const shards = participants * each;
  const length = Math.floor(sorted.length / shards);
  if (length === 0) {
    throw new FederatedError(
      'invalid-argument',
      `${participants} participants with ${each} shards each need ${shards} examples; there are ${sorted.length}`,
      { detail: { required: shards, offered: sorted.length }, fix: 'Have fewer participants, or fewer shards each.' },
    );
  }
  const dealt = draws.shuffled(Array(shards).keys());
  return Array.from({ length: participants }, (_, participant) =>
    draws.shuffled(
      dealt
        .slice(participant * each, (participant + 1) * each)
        .flatMap((shard) => sorted.slice(shard * length, (shard + 1) * length)),
    ),
  );
}
