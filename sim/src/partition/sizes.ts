import { FederatedError } from '@concordat/core';
import type { Partition, PartitionQuestion } from './partition.js';

/** How much the last participant has more than the first: the n-th has n, n² or eⁿ parts of the whole. */
export type Growth = 'linear' | 'square' | 'exponential';

const weights: Readonly<Record<Growth, (place: number) => number>> = {
  linear: (place) => place,
  square: (place) => place * place,
  exponential: Math.exp,
};

/** All examples in random order, cut into parts of equal length; the first get one more where they do not divide evenly. */
export function evenly({ examples, participants, draws }: PartitionQuestion): Partition {
  return cut(draws.shuffled(Array(examples.count).keys()), Array(participants).fill(1 / participants));
}

/** Examples in random order, cut into parts that grow. @throws `invalid-argument` when the first would get none. */
export function byGrowingSizes({ examples, participants, draws }: PartitionQuestion, growth: Growth): Partition {
  const parts = Array.from({ length: participants }, (_, i) => weights[growth](i + 1));
  const whole = parts.reduce((sum, part) => sum + part, 0);
  if (!((examples.count * parts[0]!) / whole >= 1)) {
    throw new FederatedError(
      'invalid-argument',
      `sizes that grow ${growth === 'exponential' ? 'exponentially' : `as ${growth}`} leave the first of ${participants} participants nothing of ${examples.count} examples`,
      { fix: 'Have fewer participants, more examples, or sizes that grow more slowly.' },
    );
  }
  return cut(
    draws.shuffled(Array(examples.count).keys()),
    parts.map((part) => part / whole),
  );
}

/** Cut a list where the shares of a whole end, each end rounded to the nearest example. */
export function cut(list: readonly number[], shares: readonly number[]): number[][] {
  let share = 0;
  let from = 0;
  return shares.map((one, i) => {
    share += one;
    const to = i === shares.length - 1 ? list.length : Math.round(share * list.length);
    const own = list.slice(from, to);
    from = to;
    return own;
  });
}
