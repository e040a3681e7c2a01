import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { declareData, openRecords, type SourceRow } from '@concordat/client-sdk';
import { expect } from 'chai';
import fc from 'fast-check';

describe('the rows of a CSV file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'concordat-csv-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function rowsOf(text: string): Promise<SourceRow[]> {
    writeFileSync(join(directory, 'r.csv'), text);
    const { rows } = openRecords(
      declareData(
        {
          schema: 'concordat/data/1',
          columns: [
            { name: 'a', type: 'number' },
            { name: 'b', type: 'number', target: true },
          ],
          source: { kind: 'csv', files: ['r.csv'] },
        },
        directory,
      ),
    );
    const found: SourceRow[] = [];
    for await (const row of rows!()) found.push(row);
    return found;
  }

  const cell = fc.string({
    unit: fc.constantFrom('x', '7', ' ', ',', '"', '\n', '\r\n', 'ä', '…', '😀'),
    maxLength: 6,
  });
  const quotedCell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const linesIn = (text: string) => text.split('\n').length - 1;

  it('come back from any cells, written as RFC 4180 has it, with the lines they stand on', async () => {
    const rows = fc.array(fc.tuple(cell, cell, fc.boolean()), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rows, fc.constantFrom('\n', '\r\n'), async (written, ending) => {
        let text = `b,a${ending}`;
        const expected: { cells: readonly string[]; line: number }[] = [];
        for (const [b, a, blankBefore] of written) {
          if (blankBefore) text += ending;
          // A lone empty cell and a blank line look alike; two cells never do.
          expected.push({ cells: [a, b], line: linesIn(text) + 1 });
          text += `${quotedCell(b)},${quotedCell(a)}${ending}`;
        }
        const found = await rowsOf(text);
        expect(found.map(({ cells }) => cells)).to.deep.equal(expected.map(({ cells }) => cells));
        const places = found.map((row) => row.place(0).slice(join(directory, 'r.csv').length));
        expect(places).to.deep.equal(expected.map(({ line }) => `:${line}:2 (a)`));
      }),
      { seed: 20, numRuns: 150 },
    );
  });
});
