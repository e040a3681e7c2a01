import { checkRecords, declareData, parsePolicy, quotesRefusal, recordsRefusal } from '@concordat/client-sdk';
import { digestDataSchema, type FederatedError, type Plan } from '@concordat/core';
import { expect } from 'chai';
import { draft, examplePlan } from '../../core/round/example-plan.js';

const declared = (age: object = { type: 'number', min: 0, max: 120 }) =>
  declareData({
    schema: 'concordat/data/1',
    columns: [
      { name: 'age', ...age } as never,
      { name: 'returned', type: 'category', categories: ['no', 'yes'], target: true },
    ],
    source: { kind: 'code' },
  }).schema;

const planned = (examplesMin?: number): Plan => {
  const dataSchema = declared();
  const least = examplesMin === undefined ? {} : { examplesMin };
  return examplePlan({
    task: { ...draft().task, dataSchema, dataSchemaDigest: digestDataSchema(dataSchema), ...least },
  });
};

const policyText = `
schema: concordat/policy/1
proposers: [operator]
purposes: [to test]
cohort: {min: 3}
`;
const policy = parsePolicy(policyText);

describe('the records of a participant against a plan', () => {
  it('fit when they are declared as the plan names them and are enough', () => {
    const found = checkRecords(planned(500), { schema: declared(), examples: 500 }, policy);
    expect(found.map(({ rule, passed }) => `${rule} ${passed}`)).to.deep.equal([
      'data.column true',
      'data.examples true',
    ]);
    expect(recordsRefusal(found)).to.equal(undefined);
  });

  it('are refused with every column that differs in the sentence', () => {
    const found = checkRecords(planned(), { schema: declared({ type: 'integer' }) }, policy);
    const { message, detail } = recordsRefusal(found)!;
    expect(message).to.equal(
      'the records here are not those of the plan: data.type requires age: number; here integer',
    );
    expect(detail).to.include({ rule: 'data.type', column: 'age', required: 'age: number', offered: 'integer' });
  });

  it('are refused when nothing is declared of them', () => {
    expect(recordsRefusal(checkRecords(planned(), {}, policy))!.detail.rule).to.equal('data.declaration');
  });

  it('are refused when they are fewer than plan or policy ask for, and the number is told as a bucket', () => {
    const own = parsePolicy(`${policyText}examples: {min: 300}\n`);
    for (const [plan, rule] of [
      [planned(500), 'data.examples'],
      [planned(), 'examples.min'],
    ] as const) {
      const { message, detail } = recordsRefusal(checkRecords(plan, { schema: declared(), examples: 234 }, own))!;
      expect(detail.rule).to.equal(rule);
      expect(message).to.include('200 to 499').and.not.include('234');
      expect(JSON.stringify(detail)).to.not.include('234');
    }
  });

  it('are looked at by a plan that says nothing of them only as far as the policy does', () => {
    expect(checkRecords(examplePlan(), {}, policy)).to.deep.equal([]);
    expect(checkRecords(examplePlan(), { examples: 1 }, policy)).to.deep.equal([]);
  });
});

describe('what the operator hears of a refusal', () => {
  const about = (rule: string) => ({ detail: { rule } }) as unknown as FederatedError;
  const said = (text: string) =>
    ['purposes', 'data.type', 'examples.min'].map((rule) => quotesRefusal(parsePolicy(text), about(rule)));

  it('is the sentence of the policy, and of records the rule alone, unless the policy says otherwise', () => {
    expect(said(policyText)).to.deep.equal([true, false, false]);
    expect(said(`${policyText}refusals: reasons\n`)).to.deep.equal([true, true, true]);
    expect(said(`${policyText}refusals: rules\n`)).to.deep.equal([false, false, false]);
    expect(quotesRefusal(undefined, about('policy'))).to.equal(true);
  });
});
