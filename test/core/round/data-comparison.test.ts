import { compareDataSchemas, type DataColumn, type DataSchema } from '@concordat/core';
import { expect } from 'chai';

const age: DataColumn = { name: 'age', type: 'number', min: 0, max: 120, missing: 'refuse' };
const ward: DataColumn = { name: 'ward', type: 'category', categories: ['icu', 'surgery', 'other'], missing: 'skip' };
const returned: DataColumn = {
  name: 'returned',
  type: 'category',
  categories: ['no', 'yes'],
  missing: 'skip',
  target: true,
};
const of = (...columns: readonly DataColumn[]): DataSchema => ({ schema: 'concordat/data-schema/1', columns });
const planned = of(age, ward, returned);

/** `rule column: required | offered` of each difference. */
const differences = (own: DataSchema, plan = planned) =>
  compareDataSchemas(plan, own).map(
    ({ rule, column, required, offered }) => `${rule} ${column}: ${required} | ${offered}`,
  );

describe('the columns declared here against those of a plan', () => {
  it('do not differ from themselves', () => {
    expect(differences(planned)).to.deep.equal([]);
  });

  it('name every column that differs, in the order of the plan', () => {
    expect(differences(of({ ...age, type: 'integer' }, { ...ward, missing: 'refuse' }, returned))).to.deep.equal([
      'data.type age: number | integer',
      'data.missing ward: missing cells: skip | missing cells: refuse',
    ]);
  });

  for (const [what, own, found] of [
    ['a column that is missing', of(ward, returned), 'data.column age: a column of type number | no such column'],
    [
      'a column too many',
      of(age, ward, returned, { ...age, name: 'weight' }),
      'data.column weight: no such column | a column that the plan does not have',
    ],
    ['another range', of({ ...age, max: 100 }, ward, returned), 'data.range age: 0 to 120 | 0 to 100'],
    [
      'another scale',
      of({ ...age, scale: 'unit' }, ward, returned),
      'data.range age: 0 to 120 | 0 to 120, scaled to 0 … 1',
    ],
    [
      'no range',
      of({ name: 'age', type: 'number', missing: 'refuse' }, ward, returned),
      'data.range age: 0 to 120 | any number',
    ],
    [
      'other categories',
      of(age, { ...ward, categories: ['icu', 'attic', 'other'] }, returned),
      'data.categories ward: also surgery | also attic',
    ],
    [
      'a category less',
      of(age, { ...ward, categories: ['icu', 'surgery'] }, returned),
      'data.categories ward: also other | fewer categories',
    ],
    [
      'categories in another order',
      of(age, { ...ward, categories: ['icu', 'other', 'surgery'] }, returned),
      'data.categories ward: surgery as category 2 | other as category 2',
    ],
    ['columns in another order', of(ward, age, returned), 'data.order age: column 1 | column 2'],
    [
      'another target',
      of({ ...age, target: true }, ward, { ...returned, target: undefined } as unknown as DataColumn),
      'data.target age: an input | a target',
    ],
  ] as const) {
    it(`name ${what}`, () => expect(differences(own)[0]).to.equal(found));
  }

  it('name the shape of an image', () => {
    const image = (side: number): DataSchema =>
      of({ name: 'scan', type: 'image', shape: [side, side], missing: 'refuse' }, returned);
    expect(differences(image(28), image(32))).to.deep.equal(['data.shape scan: 32 × 32 | 28 × 28']);
  });
});
