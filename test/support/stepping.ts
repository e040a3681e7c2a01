import { parsePolicy, type Trainer } from '@concordat/client-sdk';

/** Agrees to the plans of a `TestConsortium` without asking. */
export const automaticPolicy = parsePolicy(`
schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 4}
differentialPrivacy: optional
approval: automatic
metrics: [accuracy]
`);

/** Adds the same amount to every weight, and measures a half. */
export function stepping(amount: number): Trainer {
  return {
    describe: () => ({ engine: 'stepping 1', kernels: 'none', why: 'a test' }),
    fit: async ({ weights }) => ({
      weights: weights.map(({ name, shape, values }) => ({
        name,
        shape,
        values: values.map((value) => value + amount),
      })),
      examples: 10,
    }),
    evaluate: async () => ({ metrics: { accuracy: 0.5 }, examples: 1 }),
    close: async () => undefined,
  };
}
