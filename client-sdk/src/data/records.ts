import { type DataSchema, FederatedError, refusal } from '@concordat/core';
import type { DataSet, Targets } from './data-set.js';
import type { DataDeclaration } from './declaration.js';
import { type BadCell, type CellText, RowEncoder } from './row-encoder.js';

/** One row of a source: its cells in the order of the schema's columns, and where they stand. */
export interface SourceRow {
  readonly cells: readonly unknown[];
  /** Where a cell of this row stands, for a person, e.g. `records.csv:12:3`. */
  place(column: number): string;
}

/** A participant's records with a known schema, one batch after another. They stay in this process. */
export interface Records {
  readonly schema: DataSchema;
  /** Most that {@link collectRecords} takes, bytes. */
  readonly memoryBytesMax: number;
  /** Examples that a trainer holds at a time, reading the records anew for every pass; without it, it holds all of them. */
  readonly shuffleWindow?: number | undefined;
  /**
   * The records from their beginning, in the order of the source, `examples` at a time (the last batch has fewer). Memory holds one
   * batch and what the source reads ahead, whatever the number of records.
   *
   * @throws `refused` `data.cell` naming where the first cell stands that is none of its column, never what stands in it; `malformed`
   *   for bytes that are not of the source's format; `invalid-argument` for files that cannot be read.
   */
  batches(examples: number): AsyncIterable<DataSet>;
  /** Rows as they stand in the source; absent where a source has none, as images. */
  readonly rows?: () => AsyncIterable<SourceRow>;
  readonly encoder?: RowEncoder;
}

/** A row that a program brings: cells in the order of the columns, or by the columns' names. */
export type Row = readonly unknown[] | Readonly<Record<string, unknown>>;

/**
 * Records of a program: arrays, or anything that can be iterated, of known columns.
 *
 * @param rows read from its beginning for every pass; a function is called for each. An iterator that ends once and for all, such as a
 *   database cursor, is good for one pass, which is what the trainers here need without a `shuffleWindow`; with one it has to be a
 *   function, or something that begins anew when it is iterated again.
 */
export function recordsOf(
  declaration: Pick<DataDeclaration, 'schema' | 'names' | 'memoryBytesMax' | 'shuffleWindow'>,
  rows: Iterable<Row> | AsyncIterable<Row> | (() => Iterable<Row> | AsyncIterable<Row>),
): Records {
  const { schema, names, memoryBytesMax, shuffleWindow } = declaration;
  async function* placed(): AsyncGenerator<SourceRow> {
    let count = 0;
    for await (const row of typeof rows === 'function' ? rows() : rows) {
      const number = ++count;
      const cells = Array.isArray(row) ? row : names.map((name) => ownCell(row as Record<string, unknown>, name));
      yield { cells, place: (column) => `row ${number}, column ${names[column]!}` };
    }
  }
  return tableOf({ schema, memoryBytesMax, shuffleWindow, rows: placed });
}

function ownCell(row: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

/** Records of a source that has rows. */
export function tableOf(source: {
  readonly schema: DataSchema;
  readonly memoryBytesMax: number;
  readonly shuffleWindow?: number | undefined;
  readonly rows: () => AsyncIterable<SourceRow>;
  readonly text?: CellText;
}): Records {
  const { schema, memoryBytesMax, shuffleWindow, rows, text } = source;
  const encoder = new RowEncoder(schema, text);
  return {
    schema,
    memoryBytesMax,
    shuffleWindow,
    rows,
    encoder,
    batches: (examples) => batchesOf(encoder, rows(), examples),
  };
}

async function* batchesOf(
  encoder: RowEncoder,
  rows: AsyncIterable<SourceRow>,
  examples: number,
): AsyncGenerator<DataSet> {
  requireBatch(examples);
  let batch = new Batch(encoder, examples);
  for await (const row of rows) {
    const decoded = encoder.decode(row.cells);
    if (decoded === 'skip') continue;
    if (!Array.isArray(decoded)) throw badCell(row, decoded as BadCell);
    batch.add(decoded);
    if (batch.examples < examples) continue;
    yield batch.dataSet();
    batch = new Batch(encoder, examples);
  }
  if (batch.examples > 0) yield batch.dataSet();
}

/** The error about one cell. */
export function badCell(row: SourceRow, { column, required, offered }: BadCell): FederatedError {
  const place = row.place(column);
  const error = refusal('data.cell', `${place}: required ${required}; offered ${offered}`, { required, offered });
  return new FederatedError('refused', error.message, { detail: { ...error.detail, place }, fix: error.fix });
}

function requireBatch(examples: number): void {
  if (Number.isSafeInteger(examples) && examples >= 1) return;
  throw new FederatedError('invalid-argument', 'a batch has at least one example', {
    detail: { required: '≥ 1', offered: examples },
  });
}

class Batch {
  examples = 0;
  readonly #encoder: RowEncoder;
  readonly #inputs: Float32Array;
  readonly #targets: Int32Array | Float32Array;

  constructor(encoder: RowEncoder, examplesMax: number) {
    const { inputs, targets } = encoder.sizes;
    this.#encoder = encoder;
    this.#inputs = new Float32Array(examplesMax * inputs);
    this.#targets = encoder.classes ? new Int32Array(examplesMax) : new Float32Array(examplesMax * targets);
  }

  add(decoded: readonly (number | Uint8Array)[]): void {
    this.#encoder.place(decoded, { inputs: this.#inputs, targets: this.#targets, at: this.examples++ });
  }

  dataSet(): DataSet {
    const { examples } = this;
    const { inputs, targets } = this.#encoder.sizes;
    const found = this.#targets;
    return {
      examples,
      inputShape: [inputs],
      inputs: this.#inputs.subarray(0, examples * inputs),
      targets:
        found instanceof Int32Array
          ? { kind: 'classes', labels: found.subarray(0, examples) }
          : { kind: 'values', values: found.subarray(0, examples * targets), shape: [targets] },
    };
  }
}

/** Bytes of a batch that collecting reads at a time. */
const collectedBytes = 4 * 2 ** 20;

/**
 * All records as arrays, for a trainer that draws its batches in an order of its own.
 *
 * @throws as {@link Records.batches}; `refused` `data.memory` as soon as they take more than `memoryBytesMax`; `invalid-argument` when
 *   there is no record.
 */
export async function collectRecords(records: Records): Promise<DataSet> {
  const { memoryBytesMax } = records;
  const parts: DataSet[] = [];
  let bytes = 0;
  for await (const part of records.batches(batchExamples(records))) {
    bytes += bytesOf(part);
    if (bytes > memoryBytesMax) throw memoryRefusal(memoryBytesMax);
    parts.push(part);
  }
  if (parts.length > 0) return joined(parts);
  throw noRecord();
}

export function noRecord(): FederatedError {
  return new FederatedError('invalid-argument', 'there is no record to train on', {
    detail: { required: 'at least one example' },
    fix: 'Look at the files that data.yaml names: concordat participant data check.',
  });
}

export function memoryRefusal(memoryBytesMax: number): FederatedError {
  return refusal('data.memory', 'the records do not fit into the memory that data.yaml allows', {
    required: `at most ${memoryBytesMax} bytes`,
    offered: 'more',
  });
}

/** Examples to read at a time: some megabytes. */
export function batchExamples({ schema, memoryBytesMax }: Pick<Records, 'schema' | 'memoryBytesMax'>): number {
  const { inputs } = new RowEncoder(schema).sizes;
  return Math.max(1, Math.floor(Math.min(collectedBytes, memoryBytesMax) / (4 * (inputs + 1))));
}

/** Of all its arrays. */
export function bytesOf({ inputs, targets }: DataSet): number {
  return inputs.byteLength + (targets.kind === 'classes' ? targets.labels : targets.values).byteLength;
}

/** One data set of all; the parts are let go of as they are copied. */
function joined(parts: DataSet[]): DataSet {
  const [first] = parts as [DataSet];
  if (parts.length === 1) return first;
  const examples = parts.reduce((sum, part) => sum + part.examples, 0);
  const size = first.inputs.length / first.examples;
  const inputs =
    first.inputs instanceof Uint8Array ? new Uint8Array(examples * size) : new Float32Array(examples * size);
  const targets = emptyTargets(first.targets, examples);
  for (let at = 0, part = parts.shift(); part !== undefined; at += part.examples, part = parts.shift()) {
    inputs.set(part.inputs, at * size);
    copyTargets(part.targets, targets, at);
  }
  return { examples, inputShape: first.inputShape, inputs, targets };
}

/** Room for the targets of so many examples. */
export function emptyTargets(like: Targets, examples: number): Targets {
  if (like.kind === 'classes') return { kind: 'classes', labels: new Int32Array(examples) };
  const size = like.shape.reduce((product, side) => product * side, 1);
  return { kind: 'values', values: new Float32Array(examples * size), shape: like.shape };
}

/** Write targets into others of their kind, from example `at` on. */
export function copyTargets(from: Targets, to: Targets, at: number): void {
  if (from.kind === 'classes' && to.kind === 'classes') to.labels.set(from.labels, at);
  else if (from.kind === 'values' && to.kind === 'values') {
    to.values.set(from.values, at * from.shape.reduce((product, side) => product * side, 1));
  }
}
