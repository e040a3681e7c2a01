/** Edges of the buckets of example counts: 1, 2 and 5 times powers of ten, from 10 to a thousand million. */
export const exampleCountEdges: readonly number[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) => [1, 2, 5].map((times) => times * 10 ** power)),
  10 ** 9,
];

/**
 * An example count as it may be said to others: between which two edges it lies.
 *
 * A plan may ask for edges alone. Whoever proposes plans and looks at who refuses learns by any number of them no more than this bucket;
 * with every number allowed, thirty plans would find the count.
 */
export function exampleCountBucket(examples: number): string {
  const above = exampleCountEdges.findIndex((edge) => edge > examples);
  if (above === 0) return `fewer than ${exampleCountEdges[0]!}`;
  if (above < 0) return `${exampleCountEdges.at(-1)!.toLocaleString('en')} or more`;
  return `${exampleCountEdges[above - 1]!.toLocaleString('en')} to ${(exampleCountEdges[above]! - 1).toLocaleString('en')}`;
}
