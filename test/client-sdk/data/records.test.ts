import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  collectRecords,
  type DataDeclaration,
  type DataSet,
  declareData,
  openRecords,
  type Row,
  readDataDirectory,
  recordsOf,
} from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { expect } from 'chai';
import { type ParquetWriteOptions, parquetWriteBuffer } from 'hyparquet-writer';
import { errorOf } from '../../support/error-of.js';

type Source = Parameters<typeof declareData>[0]['source'];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'concordat-data-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const declared = (source: Source, memoryMegabytes = 1): DataDeclaration =>
  declareData(
    {
      schema: 'concordat/data/1',
      columns: [
        { name: 'age', type: 'number', min: 0, max: 100, scale: 'unit' },
        { name: 'visits', type: 'integer', min: 0, missing: 'fill', fill: 0, from: 'besuche' },
        { name: 'ward', type: 'category', categories: ['icu', 'säule'] },
        { name: 'returned', type: 'category', categories: ['no', 'yes'], target: true, missing: 'skip' },
      ],
      source,
      memoryMegabytes,
    },
    directory,
  );

const csv = (content: string | Uint8Array, dialect: Partial<Source> = {}): DataDeclaration => {
  writeFileSync(join(directory, 'records.csv'), content);
  return declared({ kind: 'csv', files: ['records.csv'], ...dialect });
};

const numbersOf = ({ inputs, targets }: DataSet) => [
  [...inputs].map((value) => Math.round(value * 1000) / 1000),
  targets.kind === 'classes' ? [...targets.labels] : [...targets.values],
];

const expected = [
  [0.5, 3, 1, 0, 0.25, 0, 0, 1],
  [1, 0],
];

describe('records of a CSV file', () => {
  const read = async (...given: Parameters<typeof csv>) => numbersOf(await collectRecords(openRecords(csv(...given))));
  const complaint = async (...given: Parameters<typeof csv>) =>
    (await errorOf(collectRecords(openRecords(csv(...given))))).message;

  it('become numbers: scaled, filled, one-hot, left out, in the order declared', async () => {
    const text = 'ward,extra,returned,age,besuche\nicu,x,yes,50,3\nsäule,y,no,25,\nicu,z,,1,1\n';
    expect(await read(text)).to.deep.equal(expected);
  });

  it('are read with another dialect: signs, decimals, quotes, encoding, line endings, a byte order mark', async () => {
    const text = "besuche;age;ward;returned\r\n3;50,0;'icu';yes\r\n\r\n-;2,5e1;' säule';'no'\r\n";
    const dialect = { delimiter: ';', quote: "'", decimal: ',', encoding: 'latin-1', emptyCells: ['-'] } as const;
    expect(await read(Buffer.from(text, 'latin1'), dialect)).to.deep.equal(expected);
    expect(await read('\ufeffage,besuche,ward,returned\r50,3,icu,yes\r25,,säule,no')).to.deep.equal(expected);
    expect(await read('50,3,icu,yes\n25,,sa\u0308ule,no\n', { header: false })).to.deep.equal(expected);
  });

  for (const [what, row, place, required, offered] of [
    ['a number that is none', '5x,3,icu,yes', ':3:1 (age)', 'a number from 0 to 100', 'other text'],
    ['a number outside', '101,3,icu,yes', ':3:1 (age)', 'a number from 0 to 100', 'a number outside'],
    ['half a visit', '50,1.5,icu,yes', ':3:2 (besuche)', 'a whole number from 0 to ∞', 'another number'],
    ['a category that is not listed', '50,1,attic,yes', ':3:3 (ward)', 'one of icu, säule', 'none of them'],
    ['a cell that is missing', ',1,icu,yes', ':3:1 (age)', 'a number from 0 to 100', 'nothing'],
    ['a number in hexadecimal', '0x1f,1,icu,yes', ':3:1 (age)', 'a number from 0 to 100', 'other text'],
    ['an infinity', '1e999,1,icu,yes', ':3:1 (age)', 'a number from 0 to 100', 'other text'],
  ] as const) {
    it(`name file, line and column of ${what}, and never show it`, async () => {
      const said = await complaint(`age,besuche,ward,returned\n"50","3","icu","yes"\n${row}\n`);
      expect(said).to.equal(`${join(directory, 'records.csv')}${place}: required ${required}; offered ${offered}`);
    });
  }

  it('count lines as an editor does, behind empty ones and cells of several lines', async () => {
    const text = 'age,besuche,ward,returned,note\n\n50,3,icu,yes,"two\nlines"\n\n5x,3,icu,yes,\n';
    expect(await complaint(text)).to.include('records.csv:6:1 (age)');
  });

  for (const [what, text, said] of [
    ['a header without a column', 'age,ward,returned\n', 'records.csv:1: required the columns besuche'],
    ['a column twice', 'age,besuche,ward,returned,age\n', 'records.csv:1: required one column age'],
    [
      'a row with a cell less',
      'age,besuche,ward,returned\n1,2,icu\n',
      'records.csv:2: required 4 cells in a row; offered 3',
    ],
    [
      'a quote that never closes',
      'age,besuche,ward,returned\n"1,2,icu,yes\n',
      'records.csv:2: required cells with quotes',
    ],
    [
      'a line of delimiters alone',
      `age,besuche,ward,returned\n${','.repeat(5000)}`,
      'records.csv:2: required a line of at most 1000 bytes',
    ],
    [
      'a cell that goes on over many lines',
      `age,besuche,ward,returned\n"${'xxxxxxxxx\n'.repeat(500)}`,
      'required a row of at most 1000 characters',
    ],
    ['nothing', '', 'records.csv:1: required a header'],
  ] as const) {
    it(`are malformed with ${what}`, async () => {
      const error = await errorOf(collectRecords(openRecords(csv(text, { lineBytesMax: 1000 }))));
      expect([error.code, error.message]).to.satisfy(
        ([code, message]: string[]) => code === 'malformed' && message!.includes(said),
      );
    });
  }

  it('never quote what stands in a cell, however broken the file is', async () => {
    const said = await complaint('age,besuche,ward,returned\n1,2,icu,"se"cret\n');
    expect(said).to.not.include('secret').and.not.include('se"');
  });

  it('name a file that is not there', async () => {
    const error = await errorOf(collectRecords(openRecords(declared({ kind: 'csv', files: ['absent.csv'] }))));
    expect([error.code, error.message]).to.deep.equal([
      'invalid-argument',
      `${join(directory, 'absent.csv')} cannot be read (ENOENT)`,
    ]);
  });

  it('are several files, one after another', async () => {
    writeFileSync(join(directory, 'a.csv'), 'age,besuche,ward,returned\n50,3,icu,yes\n');
    writeFileSync(join(directory, 'b.csv'), 'ward,returned,age,besuche\nsäule,no,25,0\n');
    const records = openRecords(declared({ kind: 'csv', files: ['a.csv', 'b.csv'] }));
    expect(numbersOf(await collectRecords(records))).to.deep.equal(expected);
  });
});

describe('records of a Parquet file', () => {
  const written = (options: Partial<ParquetWriteOptions> = {}) => {
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'besuche', data: [3n, null, 1n], type: 'INT64', nullable: true },
        { name: 'returned', data: ['yes', 'no', null], type: 'STRING', nullable: true },
        { name: 'unread', data: [1, 2, 3], type: 'INT32' },
        { name: 'ward', data: ['icu', 'säule', 'icu'], type: 'STRING' },
        { name: 'age', data: [50, 25, 1], type: 'DOUBLE' },
      ],
      ...options,
    } as ParquetWriteOptions & { columnData: never });
    writeFileSync(join(directory, 'records.parquet'), new Uint8Array(bytes));
    return openRecords(declared({ kind: 'parquet', files: ['records.parquet'] }));
  };

  it('become the same numbers as from a CSV file, by whichever codec and in however many row groups', async () => {
    for (const codec of ['UNCOMPRESSED', 'SNAPPY'] as const) {
      expect(numbersOf(await collectRecords(written({ codec }))), codec).to.deep.equal(expected);
      expect(numbersOf(await collectRecords(written({ codec, rowGroupSize: 1 }))), codec).to.deep.equal(expected);
    }
  });

  it('name row and column of a cell that is none of its column', async () => {
    const columnData = [
      { name: 'age', data: [50, 25, 101], type: 'DOUBLE' },
      { name: 'besuche', data: [1, 1, 1], type: 'INT32' },
      { name: 'ward', data: ['icu', 'icu', 'icu'], type: 'STRING' },
      { name: 'returned', data: ['no', 'no', 'no'], type: 'STRING' },
    ];
    const { message } = await errorOf(collectRecords(written({ columnData, rowGroupSize: 2 } as never)));
    expect(message).to.include(
      'records.parquet: row 3, column age: required a number from 0 to 100; offered a number outside',
    );
  });

  it('are records or an error of ours, whatever their footer was changed to', async () => {
    const records = written({ rowGroupSize: 1 });
    const path = join(directory, 'records.parquet');
    const whole = readFileSync(path);
    let damaged = 0;
    for (let at = 0; at < 300; at++) {
      const bytes = Uint8Array.from(whole);
      bytes[bytes.length - 1 - at] = (at * 89 + 255) % 256;
      writeFileSync(path, bytes);
      const ending = await collectRecords(records).then(
        () => 'read',
        (error: unknown) => (error instanceof FederatedError ? error.code : String(error)),
      );
      expect(['read', 'malformed', 'refused'], `byte ${at} from the end`).to.include(ending);
      if (ending === 'malformed') damaged++;
    }
    expect(damaged).to.be.greaterThan(100);
  });

  it('are malformed without one of the columns, or when they are no Parquet file', async () => {
    const lacking = await errorOf(
      collectRecords(written({ columnData: [{ name: 'age', data: [1], type: 'DOUBLE' }] } as never)),
    );
    expect([lacking.code, lacking.message]).to.satisfy(([, message]: string[]) =>
      message!.includes('one column besuche'),
    );
    const records = written();
    writeFileSync(join(directory, 'records.parquet'), 'PAR1 and then nothing of the kind');
    expect((await errorOf(collectRecords(records))).code).to.equal('malformed');
  });
});

describe('records of IDX files', () => {
  const images = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 253, 254, 255];
  const labels = [0, 0, 8, 1, 0, 0, 0, 3, 1, 0, 1];
  const written = (imageBytes: readonly number[], labelBytes: readonly number[]) => {
    writeFileSync(join(directory, 'images'), Uint8Array.from(imageBytes));
    writeFileSync(join(directory, 'labels'), Uint8Array.from(labelBytes));
    return openRecords(
      declareData(
        {
          schema: 'concordat/data/1',
          columns: [
            { name: 'scan', type: 'image', shape: [1, 2] },
            { name: 'healthy', type: 'category', categories: ['no', 'yes'], target: true },
          ],
          source: { kind: 'idx', images: 'images', labels: 'labels' },
        },
        directory,
      ),
    );
  };

  it('come in batches and together, as bytes', async () => {
    const records = written(images, labels);
    const sizes: number[] = [];
    for await (const { examples } of records.batches(2)) sizes.push(examples);
    expect(sizes).to.deep.equal([2, 1]);
    const all = await collectRecords(records);
    expect([all.inputShape, [...all.inputs], all.targets.kind === 'classes' && [...all.targets.labels]]).to.deep.equal([
      [1, 2],
      [1, 2, 3, 253, 254, 255],
      [1, 0, 1],
    ]);
  });

  for (const [what, imageBytes, labelBytes, code] of [
    ['another shape than declared', [...images.slice(0, 11), 2, 0, 0, 0, 1, ...images.slice(16)], labels, 'malformed'],
    ['fewer bytes than announced', images.slice(0, -1), labels, 'malformed'],
    ['a label less', images, [0, 0, 8, 1, 0, 0, 0, 2, 1, 0], 'malformed'],
    ['a label without a category', images, [...labels.slice(0, -1), 2], 'refused'],
  ] as const) {
    it(`are ${code} with ${what}`, async () => {
      expect((await errorOf(collectRecords(written(imageBytes, labelBytes)))).code).to.equal(code);
    });
  }
});

describe('records of a program', () => {
  const columns = declared.bind(null, { kind: 'code' });

  it('are arrays, or objects by name, or anything that is iterated', async () => {
    const names = ['age', 'besuche', 'ward', 'returned'];
    const rows: Row[] = [
      [50, 3, 'icu', 'yes'],
      [25, Number.NaN, 'säule', 'no'],
      [25, 1n, 'säule', null],
    ];
    const objects = rows.map((row) =>
      Object.fromEntries(names.map((name, i) => [name, (row as readonly unknown[])[i]])),
    );
    async function* cursor(): AsyncGenerator<Row> {
      yield* objects;
    }
    for (const source of [rows, objects, cursor(), () => cursor()]) {
      expect(numbersOf(await collectRecords(recordsOf(columns(), source)))).to.deep.equal(expected);
    }
  });

  it('name row and column of a wrong cell', async () => {
    const records = recordsOf(columns(), [
      [50, 3, 'icu', 'yes'],
      [50, 3, Symbol('x'), 'yes'],
    ]);
    expect((await errorOf(collectRecords(records))).message).to.match(
      /^row 2, column ward: required one of icu, säule; offered a symbol$/,
    );
  });

  it('are read no faster than they are used, so that memory holds one batch', async () => {
    let made = 0;
    function* endless() {
      for (;;) {
        made++;
        yield [50, 3, 'icu', 'yes'];
      }
    }
    let batches = 0;
    for await (const { examples } of recordsOf(columns(), endless).batches(10)) {
      expect([examples, made]).to.deep.equal([10, 10 * ++batches]);
      if (batches === 5) break;
    }
  });

  it('are refused when they are collected and do not fit into the memory allowed', async () => {
    let made = 0;
    function* endless() {
      for (;;) {
        made++;
        yield [50, 3, 'icu', 'yes'];
      }
    }
    const error = await errorOf(collectRecords(recordsOf(columns(), endless)));
    expect([error.code, error.detail.rule, error.detail.required]).to.deep.equal([
      'refused',
      'data.memory',
      'at most 1048576 bytes',
    ]);
    expect(made).to.be.lessThan((3 * 2 ** 20) / (4 * 5));
  });

  it('are refused when there is none', async () => {
    expect((await errorOf(collectRecords(recordsOf(columns(), [])))).message).to.equal(
      'there is no record to train on',
    );
  });

  it('cannot come from data.yaml alone', async () => {
    writeFileSync(
      join(directory, 'data.yaml'),
      JSON.stringify({
        schema: 'concordat/data/1',
        columns: [
          { name: 'x', type: 'number' },
          { name: 'y', type: 'number', target: true },
        ],
        source: { kind: 'code' },
      }),
    );
    expect((await errorOf(readDataDirectory(directory))).message).to.include('come from a program');
  });
});

describe('numbers to find', () => {
  it('are several, scaled like inputs', async () => {
    const declaration = declareData({
      schema: 'concordat/data/1',
      columns: [
        { name: 'a', type: 'number', target: true },
        { name: 'x', type: 'number' },
        { name: 'b', type: 'integer', min: 0, max: 10, scale: 'unit', target: true },
      ],
      source: { kind: 'code' },
    });
    const { inputs, targets } = await collectRecords(
      recordsOf(declaration, [
        [1, 2, 5],
        [3, 4, 10],
      ]),
    );
    expect([[...inputs], targets]).to.deep.equal([
      [2, 4],
      { kind: 'values', values: Float32Array.of(1, 0.5, 3, 1), shape: [2] },
    ]);
  });
});
