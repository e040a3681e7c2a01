import {
  compareDataSchemas,
  type DataDifference,
  type DataSchema,
  digestDataSchema,
  exampleCountBucket,
  FederatedError,
  type Plan,
  rulesOf,
} from '@concordat/core';
import type { RuleResult } from '../policy/evaluate-policy.js';
import type { Policy } from '../policy/policy.js';
import type { Trainer } from '../trainer/trainer.js';

/** What is known of the records before anybody trains on them. */
export interface RecordsHere {
  readonly schema?: DataSchema;
  /** To train on; absent where only training tells. */
  readonly examples?: number;
}

/** Records by what is declared of them and what the trainer knows. */
export function recordsHere(schema: DataSchema | undefined, { examples }: Pick<Trainer, 'examples'>): RecordsHere {
  return { ...(schema === undefined ? {} : { schema }), ...(examples === undefined ? {} : { examples }) };
}

/** One rule about the records held against a plan; `column` where it speaks of one. */
export interface RecordsResult extends RuleResult {
  readonly column?: string;
}

/**
 * Hold what is declared of the records against a plan, column by column, and their number against what plan and policy ask for. An
 * example count is told as the bucket it lies in.
 *
 * @returns nothing for a plan that says nothing of records and a policy that asks for one example.
 */
export function checkRecords(plan: Plan, records: RecordsHere, policy: Policy | undefined): RecordsResult[] {
  const { dataSchema, examplesMin } = plan.task;
  return [
    ...(dataSchema === undefined ? [] : checkSchema(dataSchema, records.schema)),
    ...(examplesMin === undefined ? [] : checkCount('data.examples', examplesMin, records.examples)),
    ...(policy === undefined || policy.examples.min === 1
      ? []
      : checkCount('examples.min', policy.examples.min, records.examples)),
  ];
}

function checkSchema(planned: DataSchema, own: DataSchema | undefined): RecordsResult[] {
  if (own === undefined) {
    return [
      {
        rule: 'data.declaration',
        passed: false,
        required: 'declared columns',
        offered: 'none',
        fix: fixOf('data.declaration'),
      },
    ];
  }
  const differences = compareDataSchemas(planned, own);
  if (differences.length > 0) return differences.map(resultOf);
  const digest = digestDataSchema(planned);
  return [{ rule: 'data.column', passed: true, required: digest, offered: digest, fix: '' }];
}

/** A difference as a rule that did not pass. */
export function resultOf({ column, rule, required, offered }: DataDifference): RecordsResult {
  return { column, rule, passed: false, required: `${column}: ${required}`, offered, fix: fixOf(rule) };
}

// Where only training tells the number, it is looked at again after it: nothing is contributed of too few.
function checkCount(
  rule: 'data.examples' | 'examples.min',
  required: number,
  examples: number | undefined,
): RecordsResult[] {
  if (examples === undefined) return [];
  return [{ rule, passed: examples >= required, required, offered: exampleCountBucket(examples), fix: fixOf(rule) }];
}

const namedMax = 8;

/** What did not pass, as one error that names every column, the first eight in its sentence; undefined when all passed. */
export function recordsRefusal(results: readonly RecordsResult[]): FederatedError | undefined {
  const failed = results.filter(({ passed }) => !passed);
  const [first] = failed;
  if (first === undefined) return undefined;
  const { rule, required, offered, fix } = first;
  const said = failed.map((one) => `${one.rule} requires ${one.required}; here ${one.offered}`);
  const more = failed.length > namedMax ? `; and ${failed.length - namedMax} more` : '';
  return new FederatedError(
    'refused',
    `the records here are not those of the plan: ${said.slice(0, namedMax).join('; ')}${more}`,
    {
      detail: {
        rule,
        required,
        offered,
        ...(first.column === undefined ? {} : { column: first.column }),
        differences: said,
      },
      fix,
    },
  );
}

function fixOf(rule: RuleResult['rule']): string {
  return rulesOf('refused').get(rule)?.fix ?? '';
}
