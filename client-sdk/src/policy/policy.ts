import { readFile } from 'node:fs/promises';
import { bounds, FederatedError, isId, participantRole } from '@concordat/core';
import { checkDocument, type JsonSchema, jsonSchemaOf, parseYaml, problemLine } from '@concordat/node';
import { z } from 'zod';
import { isApproverKey } from '../approval/approver-key.js';

const names = z.array(z.string().min(1).max(bounds.textCharactersMax)).max(256);

/** As a clock says it, with 24 hours. */
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time as 20:30');

const participants = z.int().min(bounds.cohortMin).max(bounds.cohortMax);

const rolesMax = 16;

const approverKeys = z
  .array(z.string().max(43).refine(isApproverKey))
  .min(1)
  .max(rolesMax)
  .meta({ title: `1 to ${rolesMax} public keys, as concordat approver init prints them` });

/** Role → keys of the people who may speak in it. One person with one key in two roles would approve for two. */
const approvers = z
  .record(
    z.string().refine((role) => isId(role) && role !== participantRole),
    approverKeys,
  )
  .refine((roles) => {
    const keys = Object.values(roles).flat();
    const count = Object.keys(roles).length;
    return count >= 1 && count <= rolesMax && new Set(keys).size === keys.length;
  })
  .meta({
    title: `1 to ${rolesMax} roles (a–z, 0–9 and hyphen; none is called ${participantRole}), each with its people's keys, every key once, and "approval: manual"`,
    description: 'with approval: manual, who approves a plan: one key of every role; absent, the participant itself',
  });

/** Strict everywhere: a rule that is misspelt must stop the client, not be skipped. */
export const policyShape = z
  .strictObject({
    schema: z.literal('concordat/policy/1').describe('version of this form'),
    proposers: names.min(1).describe('operators whose plans are considered'),
    purposes: names.min(1).describe('purposes that are agreed to, word for word'),
    models: names.min(1).optional().describe('digests of model topologies; any when absent'),
    dataSchemas: names.min(1).optional().describe('digests of data schemas; any when absent'),
    cohort: z
      .strictObject({ min: participants.describe('fewest participants in a cohort') })
      .describe('who trains together'),
    survivors: z
      .strictObject({ min: participants.describe('fewest updates in a sum that is opened') })
      .default({ min: 3 })
      .describe('whose updates are in a sum'),
    maxColluders: z
      .int()
      .min(0)
      .max(bounds.cohortMax)
      .default(1)
      .describe('the plan must hold against at least so many colluding participants'),
    aggregateCheck: z
      .enum(['required', 'optional'])
      .default('optional')
      .describe('required refuses plans whose sums nobody may compute anew'),
    differentialPrivacy: z
      .enum(['required', 'optional'])
      .optional()
      .describe("absent: required where the plan's cohort.min is below 10"),
    approval: z
      .enum(['automatic', 'manual'])
      .default('manual')
      .describe('automatic lets this file approve plans; manual waits for a person'),
    approvers: approvers.optional(),
    firstRound: z
      .enum(['any', 'all-approved'])
      .default('any')
      .describe('all-approved refuses plans whose first round does not wait for the approval of every participant'),
    roster: z
      .strictObject({
        additions: z.enum(['auto', 'ask']).default('ask').describe('ask: an added member needs a new approval'),
        known: z
          .array(z.string().regex(/^(?:[0-9a-f]{4} ?){7}[0-9a-f]{4}$|^[0-9a-f]{64}$/))
          .min(2)
          .max(bounds.cohortMax)
          .optional()
          .describe(
            'fingerprints compared by voice: at most maxColluders of a cohort may be others, and two of them must be in a sum',
          ),
      })
      .default({ additions: 'ask' })
      .describe('whom we know of the consortium'),
    weighting: z
      .strictObject({ exactCounts: z.boolean().describe('whether the sum may carry exact example counts') })
      .default({ exactCounts: false })
      .describe('how much our update weighs'),
    metrics: names.default([]).describe('names of metrics that may be sent, masked'),
    examples: z
      .strictObject({ min: z.int().min(1).describe('own examples below which nothing is contributed') })
      .default({ min: 1 })
      .describe('how many records it takes'),
    refusals: z
      .enum(['reasons', 'rules'])
      .optional()
      .describe(
        'what the operator hears of a refused plan; absent: reasons, and of what concerns records the rule alone',
      ),
    externalTrainers: z
      .enum(['allowed', 'refused'])
      .default('refused')
      .describe('whether records may be given to a trainer in a process of its own, as participant.yaml names one'),
    rounds: z
      .strictObject({
        perDay: z.int().min(1).max(100_000).optional().describe('at most so many updates in 24 hours'),
        hours: z
          .strictObject({
            from: timeOfDay.describe('from this time on'),
            to: timeOfDay.describe('until before this time; earlier than `from`: on the next day'),
            zone: z
              .string()
              .refine(isTimeZone, 'a time zone as Europe/Berlin')
              .default('UTC')
              .describe('of both times'),
          })
          .optional()
          .describe('the part of every day in which rounds are begun'),
      })
      .default({})
      .describe('when, and how often, rounds are taken part in; any other round goes on without us'),
    contributionsPerBase: z.int().min(1).max(1000).default(3).describe('uploads on one base model'),
    uploadBytesPerSecond: z.int().min(1024).optional().describe('send no faster than this'),
  })
  .refine(({ approval, approvers: roles }) => roles === undefined || approval === 'manual', { path: ['approvers'] })
  .meta({ title: 'policy.yaml of Concordat' });

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** A participant's own rules, `policy.yaml`; each is described in {@link policyShape}. What it does not allow is refused. */
export type Policy = z.infer<typeof policyShape>;

/** The JSON Schema of `policy.yaml`. */
export function policyJsonSchema(): JsonSchema {
  return jsonSchemaOf(policyShape);
}

/**
 * A policy from YAML text.
 *
 * @param path for the message.
 * @throws `invalid-argument` naming line, key, what is required and what was offered; with how many more problems there are.
 */
export function parsePolicy(text: string, path = 'policy.yaml'): Policy {
  const reading = parseYaml(text, path);
  if (reading.type === 'unusable') throw unreadable(problemLine(reading.problem));
  const [first, ...more] = checkDocument(reading.file, policyShape);
  if (first === undefined) return policyShape.parse(reading.file.document);
  throw unreadable(`${problemLine(first)}${more.length === 0 ? '' : ` There are ${more.length} more problems.`}`);
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
  return parsePolicy(text, path);
}

function unreadable(why: string, cause?: unknown): FederatedError {
  return new FederatedError('invalid-argument', `the policy file is not usable: ${why}`, {
    fix: 'Correct the file; while it is not understood, nothing is approved.',
    ...(cause === undefined ? {} : { cause }),
  });
}
