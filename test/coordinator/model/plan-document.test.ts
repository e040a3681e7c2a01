import { type PreparedPlan, preparePlan } from '@concordat/coordinator';
import { type DataSchema, digestDataSchema, FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { draft } from '../../core/round/example-plan.js';

const schema: DataSchema = {
  schema: 'concordat/data-schema/1',
  columns: [
    { name: 'age', type: 'number', missing: 'refuse' },
    { name: 'returned', type: 'category', categories: ['no', 'yes'], missing: 'skip', target: true },
  ],
};
const model = {
  topology: new TextEncoder().encode('{}'),
  tensors: [{ name: 'dense/bias', shape: [3], values: new Float32Array(3) }],
};
const { model: _, dataSchemaDigest: __, ...task } = draft().task;
const prepared = (change: object, given?: DataSchema): PreparedPlan =>
  preparePlan(JSON.stringify(draft({ task: { ...task, ...change } as never })), model as never, 'health', given);

describe('a plan of a draft and a data schema', () => {
  it('holds the schema with its digest, named beside the draft or written in it', () => {
    for (const { plan } of [
      prepared({}, schema),
      prepared({ dataSchema: schema }),
      prepared({ dataSchema: schema }, schema),
    ]) {
      expect([plan.task.dataSchema, plan.task.dataSchemaDigest]).to.deep.equal([schema, digestDataSchema(schema)]);
    }
  });

  it('is refused when the draft speaks of another schema than the one that was named', () => {
    const other = { ...schema, columns: [...schema.columns].reverse() };
    for (const change of [{ dataSchema: other }, { dataSchemaDigest: 'A'.repeat(43) }]) {
      expect(() => prepared(change, schema)).to.throw(FederatedError, 'another data schema');
    }
  });

  it('is refused with the place of what is no schema', () => {
    expect(() => prepared({ dataSchema: { ...schema, columns: [] } })).to.throw(
      FederatedError,
      'task.dataSchema.columns',
    );
  });
});
