import { type DataColumn, type DataSchema, exampleSizes, type NumberColumn, widthOf } from '@concordat/core';
import { composed } from './declaration.js';

/** Why a cell is none of its column. What stands in it is not told: errors go into logs, and logs travel. */
export interface BadCell {
  /** Place in the schema. */
  readonly column: number;
  readonly required: string;
  /** What kind of thing stands there. */
  readonly offered: string;
}

/** How cells that are text are read. */
export interface CellText {
  readonly decimal: '.' | ',';
  /** What stands in a cell without a value. */
  readonly emptyCells: readonly string[];
}

/** Where the numbers of one example go; all arrays are the caller's. */
export interface ExampleSlot {
  /** [examples · inputs] float32. */
  readonly inputs: Float32Array;
  /** [examples] class numbers, or [examples · targets] float32. */
  readonly targets: Int32Array | Float32Array;
  /** Which example, from 0. */
  readonly at: number;
}

type Decoded = number | Uint8Array | 'missing' | Omit<BadCell, 'column'>;

/** Turns rows of cells, in the order of the schema's columns, into numbers. */
export class RowEncoder {
  readonly sizes: { readonly inputs: number; readonly targets: number };
  /** Whether the target is one category: then its examples are class numbers. */
  readonly classes: boolean;
  readonly #columns: readonly DataColumn[];
  readonly #categories: readonly (ReadonlyMap<string, number> | undefined)[];
  readonly #text: CellText;

  constructor(schema: DataSchema, text: CellText = { decimal: '.', emptyCells: [''] }) {
    this.#columns = schema.columns;
    this.#text = text;
    this.sizes = exampleSizes(schema);
    this.classes = schema.columns.some(({ type, target }) => type === 'category' && target === true);
    this.#categories = schema.columns.map((column) =>
      column.type === 'category' ? new Map(column.categories.map((one, i) => [one, i])) : undefined,
    );
  }

  /**
   * The cells as numbers: a class number for a category, a float for a number, bytes for an image. `missing` cells are filled where the
   * column says so.
   *
   * @returns the numbers; `skip` when the row is left out; the first cell that is none of its column.
   */
  decode(cells: readonly unknown[]): readonly (number | Uint8Array)[] | 'skip' | BadCell {
    const decoded: (number | Uint8Array)[] = [];
    let skipped = false;
    for (let i = 0; i < this.#columns.length; i++) {
      const column = this.#columns[i]!;
      let value = this.#decodeCell(column, i, cells[i]);
      if (value === 'missing') {
        if (column.missing === 'refuse') return { column: i, required: requirementOf(column), offered: 'nothing' };
        if (column.missing === 'skip') {
          skipped = true;
          continue;
        }
        const { fill } = column.missing;
        value = typeof fill === 'number' ? fill : this.#categories[i]!.get(fill)!;
      }
      if (typeof value === 'object' && !(value instanceof Uint8Array)) return { column: i, ...value };
      decoded.push(value);
    }
    return skipped ? 'skip' : decoded;
  }

  /** Write a decoded row where it belongs: categories one-hot, numbers scaled, a target category as its class number. */
  place(decoded: readonly (number | Uint8Array)[], { inputs, targets, at }: ExampleSlot): void {
    let input = at * this.sizes.inputs;
    let target = at * (this.classes ? 1 : this.sizes.targets);
    for (let i = 0; i < this.#columns.length; i++) {
      const column = this.#columns[i]!;
      const value = decoded[i]!;
      if (column.target === true) {
        targets[target++] =
          column.type === 'category' ? (value as number) : scaled(column as NumberColumn, value as number);
        continue;
      }
      if (value instanceof Uint8Array) for (let k = 0; k < value.length; k++) inputs[input + k] = value[k]! / 255;
      else if (column.type === 'category') inputs[input + value] = 1;
      else inputs[input] = scaled(column as NumberColumn, value);
      input += widthOf(column);
    }
  }

  /** Whether a cell is one without a value. */
  isMissing(column: number, cell: unknown): boolean {
    if (cell === undefined || cell === null || (typeof cell === 'number' && Number.isNaN(cell))) return true;
    if (typeof cell !== 'string' || this.#columns[column]!.type === 'image') return false;
    return this.#text.emptyCells.includes(cell.trim());
  }

  #decodeCell(column: DataColumn, i: number, cell: unknown): Decoded {
    if (this.isMissing(i, cell)) return 'missing';
    if (column.type === 'image') return decodeImage(column.shape[0] * column.shape[1], cell);
    if (column.type === 'category') return this.#decodeCategory(i, column, cell);
    const value = this.#decodeNumber(cell);
    const required = requirementOf(column);
    if (!Number.isFinite(Math.fround(value))) return { required, offered: kindOf(cell) };
    if (column.type === 'integer' && !Number.isSafeInteger(value)) return { required, offered: 'another number' };
    if (value < (column.min ?? value) || value > (column.max ?? value))
      return { required, offered: 'a number outside' };
    return value;
  }

  #decodeNumber(cell: unknown): number {
    if (typeof cell === 'number') return cell;
    if (typeof cell === 'bigint') return Number(cell);
    if (typeof cell !== 'string') return Number.NaN;
    const text = this.#text.decimal === ',' ? cell.trim().replace(',', '.') : cell.trim();
    return numberForm.test(text) ? Number(text) : Number.NaN;
  }

  #decodeCategory(i: number, column: DataColumn, cell: unknown): Decoded {
    const known = this.#categories[i]!;
    const kinds = ['string', 'number', 'bigint', 'boolean'];
    if (!kinds.includes(typeof cell)) return { required: requirementOf(column), offered: kindOf(cell) };
    const text = String(cell).trim();
    const found = known.get(text) ?? known.get(composed(text));
    return found ?? { required: requirementOf(column), offered: 'none of them' };
  }
}

const numberForm = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?$/;

function decodeImage(size: number, cell: unknown): Decoded {
  if (cell instanceof Uint8Array && cell.length === size) return cell;
  const offered = cell instanceof Uint8Array ? `${cell.length} bytes` : kindOf(cell);
  return { required: `${size} bytes`, offered };
}

function scaled({ min, max, scale }: NumberColumn, value: number): number {
  return scale === undefined ? value : (value - min!) / (max! - min!);
}

function requirementOf(column: DataColumn): string {
  if (column.type === 'image') return 'an image';
  if (column.type === 'category') return `one of ${column.categories.join(', ')}`.slice(0, 120);
  const { type, min, max } = column;
  const range = min === undefined && max === undefined ? '' : ` from ${min ?? '−∞'} to ${max ?? '∞'}`;
  return `${type === 'integer' ? 'a whole number' : 'a number'}${range}`;
}

function kindOf(cell: unknown): string {
  if (typeof cell === 'string') return 'other text';
  return typeof cell === 'object' ? 'a value of another kind' : `a ${typeof cell}`;
}
