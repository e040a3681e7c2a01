import { createHash } from 'node:crypto';
import {
  canonicalJson,
  completePlan,
  type DataSchema,
  encodeSafetensors,
  FederatedError,
  type Plan,
  type PlanDraft,
  parseDataSchema,
  parsePlan,
  requireDataSchema,
  requirePlan,
  toBase64url,
} from '@concordat/core';
import { load } from 'js-yaml';
import type { ModelDirectory } from './model-directory.js';

/** A plan ready to be signed, with the blobs it names. */
export interface PreparedPlan {
  readonly plan: Plan;
  readonly topology: Uint8Array;
  readonly weights: Uint8Array;
}

/**
 * Make a plan of what a person wrote and a model.
 *
 * @param text JSON or YAML: either a full plan (with `schema`), or a draft where everything but purpose, run, rounds, task,
 *   cohort, clippingNorm and expires has a default. `task.model` is filled in from the model when absent.
 * @param consortium filled in when absent.
 * @param dataSchema becomes `task.dataSchema`, with its digest. A schema in the text has its digest filled in alike.
 * @throws `malformed` when it is neither; what `parsePlan` throws, with lines for JSON; `invalid-argument` when the text names
 *   another model.
 */
export function preparePlan(
  text: string,
  model: ModelDirectory,
  consortium: string,
  dataSchema?: DataSchema,
): PreparedPlan {
  const weights = encodeSafetensors(model.tensors);
  const named = {
    topologyDigest: digestOf(model.topology),
    weightsDigest: digestOf(weights),
    tensors: model.tensors.map(({ name, shape }) => ({ name, shape })),
  };
  const document = withSchema(parseDocument(text), dataSchema);
  const task = document.task;
  const written = isObject(task) ? task.model : undefined;
  const completed = {
    consortium,
    ...document,
    ...(isObject(task) ? { task: { ...task, model: written ?? named } } : {}),
  };
  const asWritten = written !== undefined && dataSchema === undefined;
  const plan = planOf(text, document, asWritten ? document : completed, completed);
  if (
    plan.task.model.topologyDigest !== named.topologyDigest ||
    plan.task.model.weightsDigest !== named.weightsDigest
  ) {
    throw new FederatedError('invalid-argument', 'the plan names another model than the directory holds', {
      detail: { required: plan.task.model.weightsDigest, offered: named.weightsDigest },
      fix: 'Leave task.model out of the file, or name the directory of that model.',
    });
  }
  return { plan, topology: model.topology, weights };
}

/**
 * The document with the schema in its task, and the digest of whatever schema is there. What is no schema is refused with its place in
 * the plan, when the plan is read.
 */
function withSchema(document: Record<string, unknown>, given: DataSchema | undefined): Record<string, unknown> {
  const { task } = document;
  if (!isObject(task)) return document;
  const schema = given ?? task.dataSchema;
  if (schema === undefined) return document;
  const digest = digestOf(canonicalJson(schema));
  if (given !== undefined) {
    const written = task.dataSchema === undefined ? task.dataSchemaDigest : digestOf(canonicalJson(task.dataSchema));
    if (written !== undefined && written !== digest) {
      throw new FederatedError(
        'invalid-argument',
        'the plan speaks of another data schema than the one that was named',
        {
          detail: { required: String(written), offered: digest },
          fix: 'Leave task.dataSchema and task.dataSchemaDigest out of the plan file, or --data-schema out of the command.',
        },
      );
    }
  }
  return { ...document, task: { ...task, dataSchema: schema, dataSchemaDigest: task.dataSchemaDigest ?? digest } };
}

/**
 * The data schema of a file: JSON as `participant data schema` prints it, or the same in YAML.
 *
 * @throws as {@link preparePlan}; `invalid-argument` naming the field.
 */
export function writtenDataSchema(text: string): DataSchema {
  if (text.trimStart().startsWith('{')) return parseDataSchema(text);
  return requireDataSchema({ value: parseDocument(text), lines: new Map() });
}

/**
 * A full plan as a file holds it, without its model: to look at it, not to propose it.
 *
 * @throws as {@link preparePlan}; `invalid-argument` for a draft, which says nothing of the model's tensors.
 */
export function writtenPlan(text: string): Plan {
  const document = parseDocument(text);
  if ('schema' in document) return planOf(text, document, document, document);
  throw new FederatedError('invalid-argument', 'this is the draft of a plan, which does not describe its model', {
    fix: 'Name the directory of its model too: --model DIRECTORY.',
  });
}

function planOf(text: string, document: object, full: object, completed: object): Plan {
  if (!('schema' in document)) return completePlan(draftOf(completed));
  return full === document && text.trimStart().startsWith('{') ? parsePlan(text) : requirePlan(full);
}

const draftFields: readonly string[] = [
  'consortium',
  'run',
  'purpose',
  'task',
  'rounds',
  'cohort',
  'groups',
  'expires',
  'approval',
  'clippingNorm',
  'reportingGoal',
  'minSurvivors',
  'maxColluders',
  'deadlines',
  'onShortfall',
  'weighting',
  'maxWeight',
  'metrics',
  'lanes',
  'rotation',
  'aggregateCheck',
  'transcriptRetention',
  'mode',
  'parent',
];

/** A draft as far as its fields are there; `completePlan` checks what they hold. */
function draftOf(document: object): PlanDraft {
  const unknown = Object.keys(document).find((field) => !draftFields.includes(field));
  if (unknown !== undefined) {
    throw new FederatedError('invalid-argument', `${unknown.slice(0, 80)} is not a field of a plan's draft`, {
      detail: { required: draftFields, offered: unknown.slice(0, 80) },
      fix: 'Remove it, or write a full plan that starts with "schema": "concordat/plan/1".',
    });
  }
  for (const field of ['task', 'cohort'] as const) {
    if (isObject((document as Record<string, unknown>)[field])) continue;
    throw new FederatedError('invalid-argument', `${field} is missing`, {
      detail: { required: field },
      fix: `Add "${field}".`,
    });
  }
  return document as PlanDraft;
}

function parseDocument(text: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = load(text);
  } catch (cause) {
    throw new FederatedError('malformed', 'the plan file is neither JSON nor YAML', {
      cause,
      fix: (cause as Error).message.split('\n')[0] ?? '',
    });
  }
  if (isObject(document)) return document;
  throw new FederatedError('malformed', 'the plan file holds no object');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function digestOf(bytes: Uint8Array): string {
  return toBase64url(createHash('sha256').update(bytes).digest());
}
