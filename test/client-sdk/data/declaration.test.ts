import { checkDeclaration, parseDeclaration } from '@concordat/client-sdk';
import { digestDataSchema } from '@concordat/core';
import { expect } from 'chai';

const text = `
schema: concordat/data/1
columns:
  - { name: age, type: number, min: 0, max: 120, scale: unit, from: alter }
  - { name: visits, type: integer, min: 0, missing: fill, fill: 0 }
  - { name: ward, type: category, categories: [icu, surgery], missing: skip }
  - { name: returned, type: category, categories: ["no", "yes"], target: true, missing: skip }
source: { kind: csv, files: [2024.csv, 2025.csv], delimiter: ";", decimal: "," }
`;

const problems = (changed: string) => {
  const reading = checkDeclaration(changed, 'records/data.yaml');
  return reading.type === 'read' ? [] : reading.problems.map(({ where, setting }) => `${where} ${setting}`);
};

describe('a data declaration', () => {
  it('gives the schema that others have too, and keeps names, files and dialect to itself', () => {
    const { schema, names, source } = parseDeclaration(text);
    expect(names).to.deep.equal(['alter', 'visits', 'ward', 'returned']);
    expect(source.files).to.deep.equal(['2024.csv', '2025.csv']);
    expect(JSON.stringify(schema)).to.not.match(/alter|csv|;/);
    expect(schema.columns[1]).to.deep.equal({ name: 'visits', type: 'integer', min: 0, missing: { fill: 0 } });
  });

  it('has the same digest wherever the records are and however their files look', () => {
    const elsewhere = text
      .replace(/source:.*/, 'source: { kind: parquet, files: [all.parquet] }')
      .replace(', from: alter', '');
    expect(digestDataSchema(parseDeclaration(elsewhere).schema)).to.equal(
      digestDataSchema(parseDeclaration(text).schema),
    );
    const older = text.replace('max: 120', 'max: 130');
    expect(digestDataSchema(parseDeclaration(older).schema)).to.not.equal(
      digestDataSchema(parseDeclaration(text).schema),
    );
  });

  it('takes an accent in either spelling for one name', () => {
    const [composed, decomposed] = ['s\u00e4ule', 'sa\u0308ule'].map((ward) =>
      parseDeclaration(text.replace('surgery', ward)),
    );
    expect(composed!.schema).to.deep.equal(decomposed!.schema);
  });

  for (const [what, changed, found] of [
    ['an entry that is misspelt', text.replace('scale:', 'scael:'), 'records/data.yaml:4 columns.0.scael'],
    [
      'a category that is a number',
      text.replace('["no", "yes"]', '[0, 1]'),
      'records/data.yaml:7 columns.3.categories.0',
    ],
    ['a fill without the rule', text.replace('missing: fill, ', ''), 'records/data.yaml:5 columns.1.fill'],
    ['the rule without a fill', text.replace(', fill: 0', ''), 'records/data.yaml:5 columns.1.missing'],
    ['no files', text.replace('files: [2024.csv, 2025.csv], ', ''), 'records/data.yaml:8 source.files'],
    ['files of another source', text.replace('kind: csv', 'kind: code'), 'records/data.yaml:8 source.files'],
    [
      'a decimal sign between cells',
      text.replace('delimiter: ";"', 'delimiter: ","'),
      'records/data.yaml:8 source.delimiter',
    ],
  ] as const) {
    it(`is refused with file and line for ${what}`, () => expect(problems(changed)[0]).to.equal(found));
  }

  it('is refused with file and line for what the schema itself does not allow', () => {
    expect(problems(text.replace('max: 120', 'max: -1'))).to.deep.equal([
      'records/data.yaml:4 columns.0.max: max is above min',
    ]);
    expect(problems(text.replace('target: true, ', ''))[0]).to.include(
      'records/data.yaml:3 columns: no column has target: true',
    );
  });
});
