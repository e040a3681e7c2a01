import {
  completePlan,
  type DataSchema,
  decodePlan,
  describePlan,
  digestDataSchema,
  encodePlan,
  exampleCountBucket,
  exampleCountEdges,
  exampleSizes,
  FederatedError,
  parseDataSchema,
  requireDataSchema,
  requirePlan,
  toBase64url,
  utf8Encode,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import fc from 'fast-check';
import { draft } from './example-plan.js';

const schema: DataSchema = {
  schema: 'concordat/data-schema/1',
  columns: [
    { name: 'age', type: 'number', min: 0, max: 120, scale: 'unit', missing: 'refuse' },
    { name: 'visits', type: 'integer', min: 0, missing: { fill: 0 } },
    { name: 'ward', type: 'category', categories: ['icu', 'surgery', 'säule'], missing: { fill: 'icu' } },
    { name: 'returned', type: 'category', categories: ['no', 'yes'], missing: 'skip', target: true },
  ],
};

/** `invalid-argument` and the field, of a schema whose column `at` is otherwise. */
function refused(at: number, change: object): string {
  const columns = schema.columns.map((column, i) => (i === at ? { ...column, ...change } : column));
  return refusalOf(() => requireDataSchema({ value: { ...schema, columns }, lines: new Map() }));
}

function refusalOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    if (error instanceof FederatedError) return `${error.code} ${String(error.detail.rule)}`;
    throw error;
  }
  return 'nothing';
}

describe('a data schema', () => {
  it('is read as it was written, and its digest is of its canonical form', () => {
    const text = JSON.stringify(schema, null, 2);
    expect(parseDataSchema(text)).to.deep.equal(schema);
    const reordered = { columns: schema.columns, schema: schema.schema };
    expect(digestDataSchema(parseDataSchema(JSON.stringify(reordered)))).to.equal(digestDataSchema(schema));
    const canonical = `{"columns":[{"max":120,"min":0,"missing":"refuse","name":"age","scale":"unit","type":"number"},{"min":0,"missing":{"fill":0},"name":"visits","type":"integer"},{"categories":["icu","surgery","säule"],"missing":{"fill":"icu"},"name":"ward","type":"category"},{"categories":["no","yes"],"missing":"skip","name":"returned","target":true,"type":"category"}],"schema":"concordat/data-schema/1"}`;
    expect(digestDataSchema(schema)).to.equal(toBase64url(nodeCrypto.sha256(utf8Encode(canonical))));
  });

  it('says how many numbers an example becomes', () => {
    expect(exampleSizes(schema)).to.deep.equal({ inputs: 5, targets: 2 });
  });

  for (const [what, at, change, field] of [
    ['a type that does not exist', 0, { type: 'text' }, 'columns[0].type'],
    ['a field of another type', 0, { categories: ['a', 'b'] }, 'columns[0].categories'],
    ['a least value above the greatest', 0, { min: 200 }, 'columns[0].max'],
    ['a scale without a range', 1, { scale: 'unit' }, 'columns[1].scale'],
    ['a fill outside the range', 1, { missing: { fill: -1 } }, 'columns[1].missing.fill'],
    ['a fill that is no whole number', 1, { missing: { fill: 0.5 } }, 'columns[1].missing.fill'],
    ['a fill that is no category', 2, { missing: { fill: 'attic' } }, 'columns[2].missing.fill'],
    ['a category twice', 2, { categories: ['icu', 'icu'] }, 'columns[2].categories'],
    ['a name twice', 1, { name: 'age' }, 'columns[1].name'],
    ['a name that a terminal would obey', 0, { name: '\u001b[2J' }, 'columns[0].name'],
    ['a name with an end that nobody sees', 0, { name: 'age ' }, 'columns[0].name'],
    ['an accent in a second spelling', 2, { categories: ['icu', 'sa\u0308ule'] }, 'columns[2].categories[1]'],
    ['a target that is made up', 3, { missing: { fill: 'no' } }, 'columns[3].missing'],
    ['no target', 3, { target: undefined }, 'columns'],
    ['two categories to find', 2, { target: true, missing: 'skip' }, 'columns'],
  ] as const) {
    it(`is refused with ${what}`, () => expect(refused(at, change)).to.equal(`invalid-argument ${field}`));
  }
});

describe('an image in a data schema', () => {
  it('is the only input', () => {
    const image = { name: 'scan', type: 'image', shape: [2, 2], missing: 'refuse' };
    const of = (...columns: readonly object[]) =>
      refusalOf(() => requireDataSchema({ value: { ...schema, columns }, lines: new Map() }));
    expect(of(image, schema.columns[3]!)).to.equal('nothing');
    expect(of(image, schema.columns[0]!, schema.columns[3]!)).to.equal('invalid-argument columns');
    expect(of({ ...image, missing: 'skip' }, schema.columns[3]!)).to.equal('invalid-argument columns[0].missing');
  });
});

describe('a plan with a data schema', () => {
  const task = { ...draft().task, dataSchema: schema, dataSchemaDigest: digestDataSchema(schema), examplesMin: 500 };

  it('comes back from its bytes, and says what the records must be', () => {
    const plan = completePlan(draft({ task }));
    expect(decodePlan(encodePlan(plan))).to.deep.equal(plan);
    expect(describePlan(plan).join('\n')).to.include(
      'Records: columns age (number), visits (integer), ward (category), to find returned (category); at least 500 examples.',
    );
  });

  it('has the digest of the schema in it, so that a policy lists what is compared', () => {
    const other = { ...task, dataSchemaDigest: 'A'.repeat(43) };
    expect(refusalOf(() => completePlan(draft({ task: other })))).to.equal('refused task.dataSchemaDigest');
  });

  it('names the field of the schema that is wrong', () => {
    const wrong = { ...schema, columns: [{ ...schema.columns[0], type: 'text' }, ...schema.columns.slice(1)] };
    const plan = { ...completePlan(draft({ task })), task: { ...task, dataSchema: wrong } };
    expect(refusalOf(() => requirePlan(plan))).to.equal('invalid-argument task.dataSchema.columns[0].type');
  });

  it('asks for example counts in steps alone, so that many plans tell no more than a bucket', () => {
    for (const examplesMin of [1, 9, 11, 499, 501]) {
      expect(refusalOf(() => completePlan(draft({ task: { ...task, examplesMin } })))).to.equal(
        'invalid-argument task.examplesMin',
      );
    }
    for (const examplesMin of exampleCountEdges) completePlan(draft({ task: { ...task, examplesMin } }));
  });

  it('leaves plans without one as they were, byte for byte', () => {
    const text = new TextDecoder().decode(encodePlan(completePlan(draft())));
    expect(text).to.not.match(/dataSchema"|examplesMin/);
  });
});

describe('an example count that is told', () => {
  it('is a bucket between two edges', () => {
    expect([1, 9, 10, 19, 20, 499, 500, 12_345].map(exampleCountBucket)).to.deep.equal([
      'fewer than 10',
      'fewer than 10',
      '10 to 19',
      '10 to 19',
      '20 to 49',
      '200 to 499',
      '500 to 999',
      '10,000 to 19,999',
    ]);
    expect(exampleCountBucket(3e9)).to.equal('1,000,000,000 or more');
  });

  it('tells the same of two counts that every plan takes alike', () => {
    fc.assert(
      fc.property(fc.nat(2_000_000), fc.nat(2_000_000), (a, b) => {
        const alike = exampleCountEdges.every((edge) => a >= edge === b >= edge);
        expect(exampleCountBucket(a) === exampleCountBucket(b)).to.equal(alike);
      }),
      { seed: 1 },
    );
  });
});
