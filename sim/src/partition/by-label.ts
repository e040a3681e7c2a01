import { FederatedError } from '@concordat/core';
import type { PartitionedExamples } from './partition.js';

/** Indices of the examples of each label, labels ascending. @throws `invalid-argument` without labels. */
export function indicesByLabel({ count, labels }: PartitionedExamples): number[][] {
  if (labels === undefined) {
    throw new FederatedError('invalid-argument', 'this partition deals labels out, and the data set has none', {
      fix: 'Use iid, sizes, dirichlet-sizes or groups, or a data set with labels.',
    });
  }
  const byLabel = new Map<number, number[]>();
  for (let index = 0; index < count; index++) {
    const label = labels[index]!;
    const known = byLabel.get(label);
    if (known === undefined) byLabel.set(label, [index]);
    else known.push(index);
  }
  return [...byLabel].sort(([a], [b]) => a - b).map(([, indices]) => indices);
}
