import { FederatedError } from '@concordat/core';
import type { Partition, PartitionQuestion } from './partition.js';

/**
 * As the data set has them: each participant is a writer, a speaker, an airport. With more groups than participants it is drawn at random
 * which of them take part.
 *
 * @throws `invalid-argument` when the data set does not say whose its examples are, or says so for too few.
 */
export function byGroups({ examples: { groups }, participants, draws }: PartitionQuestion): Partition {
  if (groups === undefined) {
    throw new FederatedError('invalid-argument', 'the data set does not say whose its examples are', {
      fix: 'Use another partition, or a data set with natural groups.',
    });
  }
  const byGroup = new Map<string, number[]>();
  for (const [index, group] of groups.entries()) {
    const known = byGroup.get(group);
    if (known === undefined) byGroup.set(group, [index]);
    else known.push(index);
  }
  if (byGroup.size < participants) {
    throw new FederatedError(
      'invalid-argument',
      `the data set has ${byGroup.size} groups for ${participants} participants`,
      {
        detail: { required: participants, offered: byGroup.size },
        fix: `Have at most ${byGroup.size} participants.`,
      },
    );
  }
  return draws
    .shuffled(byGroup.values())
    .slice(0, participants)
    .map((own) => draws.shuffled(own));
}
