import { below } from '../../below.js';
import type { Random } from '../../random.js';

/**
 * Choose chunks to check, each set equally likely: what a coordinator does not know before it signs, it cannot avoid.
 *
 * @param options.count chunks there are. @param options.wanted how many; all of them when there are no more.
 * @returns ascending, distinct.
 */
export function chooseChunks(options: {
  readonly count: number;
  readonly wanted: number;
  readonly random: Random;
}): readonly number[] {
  const { count, wanted, random } = options;
  if (wanted >= count) return Array.from({ length: count }, (_, chunk) => chunk);
  // Floyd's method: as many draws as chunks wanted, however many there are.
  const chosen = new Set<number>();
  for (let last = count - wanted; last < count; last++) {
    const drawn = below(last + 1, random);
    chosen.add(chosen.has(drawn) ? last : drawn);
  }
  return [...chosen].sort((a, b) => a - b);
}
