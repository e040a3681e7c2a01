import type { DataColumn } from '@concordat/core';
import type { DataSet } from './data-set.js';
import { badCell, type Records, type SourceRow } from './records.js';
import type { BadCell, RowEncoder } from './row-encoder.js';

/** What the cells of one column are, of the rows that would be trained on. For people of this organization. */
export interface ColumnSummary {
  readonly name: string;
  readonly type: DataColumn['type'];
  /** Cells without a value that something stands in for. */
  readonly filled: number;
  /** Of numbers, before scaling; absent without a row. */
  readonly range?: { readonly min: number; readonly max: number; readonly mean: number };
  /** Of a category, in its order. */
  readonly counts?: readonly number[];
}

/** One pass over records: what would be trained on, and what is wrong. It stays here. */
export interface RecordsSummary {
  readonly examples: number;
  /** Rows left out for a missing cell. */
  readonly skipped: number;
  /** Rows with a cell that is none of its column, and where the first of these stand. */
  readonly wrong: { readonly rows: number; readonly first: readonly string[] };
  readonly columns: readonly ColumnSummary[];
  /** The first rows as they are understood: numbers, and categories by name. Empty where a source has no rows, as images. */
  readonly rows: readonly (readonly (number | string)[])[];
}

const wrongMax = 20;
const batchExamples = 256;

/**
 * Read all records once and say what they are. Memory holds what is said, whatever their number.
 *
 * @param options.rows first rows to show, at most. @throws as `Records.batches`, but for cells: these are counted and named.
 */
export async function summarizeRecords(records: Records, options: { readonly rows: number }): Promise<RecordsSummary> {
  const { rows, encoder } = records;
  return rows === undefined || encoder === undefined
    ? summarizeImages(records)
    : summarizeRows(records, rows(), encoder, options.rows);
}

async function summarizeRows(
  { schema }: Records,
  rows: AsyncIterable<SourceRow>,
  encoder: RowEncoder,
  shown: number,
): Promise<RecordsSummary> {
  const tallies = schema.columns.map((column) => new Tally(column));
  const first: (number | string)[][] = [];
  const wrong: string[] = [];
  let [examples, skipped, wrongRows] = [0, 0, 0];
  for await (const row of rows) {
    const decoded = encoder.decode(row.cells);
    if (decoded === 'skip') skipped++;
    else if (isDecoded(decoded)) {
      examples++;
      for (const [i, tally] of tallies.entries()) tally.add(decoded[i]!, encoder.isMissing(i, row.cells[i]));
      if (first.length < shown) first.push(schema.columns.map((column, i) => inWords(column, decoded[i]!)));
    } else {
      wrongRows++;
      if (wrong.length < wrongMax) wrong.push(badCell(row, decoded).message);
    }
  }
  const columns = tallies.map((tally) => tally.summary());
  return { examples, skipped, wrong: { rows: wrongRows, first: wrong }, columns, rows: first };
}

async function summarizeImages(records: Records): Promise<RecordsSummary> {
  const tallies = records.schema.columns.map((column) => new Tally(column));
  let examples = 0;
  for await (const batch of records.batches(batchExamples)) {
    examples += batch.examples;
    const labels = labelsOf(batch);
    records.schema.columns.forEach(({ type }, i) => {
      if (type === 'category') for (const label of labels) tallies[i]!.add(label, false);
    });
  }
  const columns = tallies.map((tally) => tally.summary());
  return { examples, skipped: 0, wrong: { rows: 0, first: [] }, columns, rows: [] };
}

function labelsOf({ targets }: DataSet): Iterable<number> {
  return targets.kind === 'classes' ? targets.labels : [];
}

function isDecoded(decoded: readonly (number | Uint8Array)[] | BadCell): decoded is readonly (number | Uint8Array)[] {
  return Array.isArray(decoded);
}

function inWords(column: DataColumn, value: number | Uint8Array): number | string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return column.type === 'category' ? column.categories[value]! : value;
}

class Tally {
  readonly #column: DataColumn;
  readonly #counts: number[];
  #filled = 0;
  #cells = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;

  constructor(column: DataColumn) {
    this.#column = column;
    this.#counts = column.type === 'category' ? new Array<number>(column.categories.length).fill(0) : [];
  }

  add(value: number | Uint8Array, filled: boolean): void {
    if (filled) this.#filled++;
    if (value instanceof Uint8Array) return;
    if (this.#column.type === 'category') {
      this.#counts[value]!++;
      return;
    }
    this.#cells++;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#sum += value;
  }

  summary(): ColumnSummary {
    const { name, type } = this.#column;
    const filled = this.#filled;
    if (type === 'category') return { name, type, filled, counts: this.#counts };
    if (this.#cells === 0) return { name, type, filled };
    return { name, type, filled, range: { min: this.#min, max: this.#max, mean: this.#sum / this.#cells } };
  }
}
