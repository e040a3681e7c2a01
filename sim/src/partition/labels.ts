import { FederatedError } from '@concordat/core';
import { indicesByLabel } from './by-label.js';
import type { Partition, PartitionQuestion } from './partition.js';
import { cut } from './sizes.js';

/**
 * Everybody has so many labels: the n-th participant the n-th of them, beginning again behind the last, and others at random. Who has a
 * label gets an equal part of its examples; those of a label that nobody has are left out.
 *
 * @throws `invalid-argument` without labels, with fewer labels than each is to have, or when more share one than it has examples.
 * @see Li et al. 2022 (arXiv:2102.02079), quantity-based label imbalance, "#C = k".
 */
export function byLabels({ examples, participants, draws }: PartitionQuestion, each: number): Partition {
  const labels = indicesByLabel(examples);
  if (each > labels.length) {
    throw new FederatedError(
      'invalid-argument',
      `${each} labels for each participant, and the data set has ${labels.length}`,
      {
        detail: { required: each, offered: labels.length },
        fix: `Have from 1 to ${labels.length} labels for each.`,
      },
    );
  }
  const holders = labels.map((): number[] => []);
  for (let participant = 0; participant < participants; participant++) {
    const first = participant % labels.length;
    const others = draws.shuffled(labels.keys()).filter((label) => label !== first);
    for (const label of [first, ...others.slice(0, each - 1)]) holders[label]!.push(participant);
  }
  const hands = Array.from({ length: participants }, (): number[] => []);
  for (const [label, own] of holders.entries()) {
    const ofLabel = labels[label]!;
    if (own.length > ofLabel.length) {
      throw new FederatedError(
        'invalid-argument',
        `${own.length} participants share a label with ${ofLabel.length} examples`,
        {
          detail: { required: own.length, offered: ofLabel.length },
          fix: 'Have fewer participants, or fewer labels each.',
        },
      );
    }
    const parts = cut(draws.shuffled(ofLabel), Array(own.length).fill(1 / own.length));
    for (const [i, participant] of own.entries()) hands[participant]!.push(...parts[i]!);
  }
  return hands.map((own) => draws.shuffled(own));
}
