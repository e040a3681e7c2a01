import { readFile } from 'node:fs/promises';
import { bounds, FederatedError } from '@concordat/core';
import { load } from 'js-yaml';
import { z } from 'zod';

const names = z.array(z.string().min(1).max(bounds.textCharactersMax)).max(256);

// Strict everywhere: a rule that is misspelt must stop the client, not be skipped.
const policyShape = z.strictObject({
  schema: z.literal('concordat/policy/1'),
  proposers: names.min(1),
  purposes: names.min(1),
  models: names.min(1).optional(),
  dataSchemas: names.min(1).optional(),
  cohort: z.strictObject({ min: z.int().min(bounds.cohortMin).max(bounds.cohortMax) }),
  survivors: z.strictObject({ min: z.int().min(bounds.cohortMin).max(bounds.cohortMax) }).default({ min: 3 }),
  maxColluders: z.int().min(0).max(bounds.cohortMax).default(1),
  differentialPrivacy: z.enum(['required', 'optional']).optional(),
  approval: z.enum(['automatic', 'manual']).default('manual'),
  roster: z.strictObject({ additions: z.enum(['auto', 'ask']) }).default({ additions: 'ask' }),
  weighting: z.strictObject({ exactCounts: z.boolean() }).default({ exactCounts: false }),
  metrics: names.default([]),
  examples: z.strictObject({ min: z.int().min(1) }).default({ min: 1 }),
  contributionsPerBase: z.int().min(1).max(1000).default(3),
  uploadBytesPerSecond: z.int().min(1024).optional(),
});

/**
 * A participant's own rules, `policy.yaml`. What it does not allow is refused.
 *
 * `proposers`: operators whose plans are considered · `purposes`: word for word · `models`, `dataSchemas`: digests, any when
 * absent · `cohort.min`, `survivors.min`: fewest participants in a cohort and in an opened sum · `maxColluders`: the plan must
 * hold against at least so many · `differentialPrivacy`: absent = required where the plan's cohort.min is below 10 ·
 * `approval`: `automatic` lets this file approve, `manual` waits for a person · `roster.additions`: whether members that
 * were added since the last approval need a new one · `weighting.exactCounts`: whether the sum may carry exact example
 * counts · `metrics`: names that may be sent · `examples.min`: own examples below which nothing is contributed ·
 * `contributionsPerBase`: uploads on one base model · `uploadBytesPerSecond`: at least 1,024.
 */
export type Policy = z.infer<typeof policyShape>;

/**
 * A policy from YAML text.
 *
 * @throws `invalid-argument` naming every key that is unknown, missing or out of range.
 */
export function parsePolicy(text: string): Policy {
  let value: unknown;
  try {
    value = load(text);
  } catch (cause) {
    throw unreadable(`not YAML: ${cause instanceof Error ? cause.message.split('\n')[0] : ''}`, cause);
  }
  const parsed = policyShape.safeParse(value);
  if (!parsed.success) throw unreadable(z.prettifyError(parsed.error));
  return parsed.data;
}

/**
 * The policy of a file.
 *
 * @returns undefined when there is no such file: then everything is refused.
 * @throws as {@link parsePolicy}; a file that cannot be read or understood is not the same as none.
 */
export async function readPolicy(path: string): Promise<Policy | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(`cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`, cause);
  }
  return parsePolicy(text);
}

function unreadable(why: string, cause?: unknown): FederatedError {
  return new FederatedError('invalid-argument', `the policy file is not usable: ${why}`, {
    fix: 'Correct the file; while it is not understood, nothing is approved.',
    ...(cause === undefined ? {} : { cause }),
  });
}
