import { bounds } from '../../wire/bounds.js';
import type { DataColumn, DataSchema } from '../data-schema.js';
import type { Reader } from '../plan/reader.js';
import { exampleSizes } from './sizes.js';

/**
 * The rules between fields of a data schema: something is given and something is to be found, ranges and fills that can hold.
 *
 * @throws `invalid-argument` with the field, its line where there is one, and the fix.
 */
export function checkDataSchema(schema: DataSchema, reader: Reader): void {
  const { columns } = schema;
  const list = reader.field('columns');
  const fields = list.items(2, bounds.dataColumnsMax);
  columns.forEach((column, i) => {
    const field = fields[i]!;
    if (columns.findIndex(({ name }) => name === column.name) < i) {
      throw field
        .field('name')
        .complaint('two columns have one name', 'distinct names', column.name, 'Rename one of the two.');
    }
    checkColumn(column, field);
  });
  checkRoles(columns, list);
  const { inputs } = exampleSizes(schema);
  if (inputs <= bounds.exampleValuesMax) return;
  throw list.complaint(
    'an example has too many values',
    bounds.exampleValuesMax,
    inputs,
    'Declare fewer columns or categories.',
  );
}

function checkColumn(column: DataColumn, field: Reader): void {
  if (column.type === 'category') checkCategories(column.categories, field.field('categories'));
  else if (column.type !== 'image') checkRange(column, field);
  checkMissing(column, field.field('missing'));
}

function checkCategories(categories: readonly string[], field: Reader): void {
  const seen = new Set<string>();
  for (const category of categories) {
    if (seen.has(category))
      throw field.complaint('a category appears twice', 'distinct categories', category, 'Keep one of the two.');
    seen.add(category);
  }
}

function checkRange({ min, max, scale }: Extract<DataColumn, { min?: number }>, field: Reader): void {
  if (min !== undefined && max !== undefined && min >= max) {
    throw field.field('max').complaint('max is above min', `above ${min}`, max, 'Correct one of the two.');
  }
  if (scale === undefined || (min !== undefined && max !== undefined)) return;
  throw field
    .field('scale')
    .complaint('scale: unit needs a range', 'min and max', 'no range', 'Add min and max, or remove scale.');
}

function checkMissing(column: DataColumn, field: Reader): void {
  const { missing, type } = column;
  if (typeof missing === 'string') {
    if (type !== 'image' || missing === 'refuse') return;
    throw field.complaint('an image is never missing', 'refuse', missing, 'Set it to refuse.');
  }
  const { fill } = missing;
  if (column.target === true || type === 'image') {
    throw field.complaint(
      'what a model is to find, and an image, is never made up',
      'refuse or skip',
      'fill',
      'Leave such rows out: skip.',
    );
  }
  const fits =
    type === 'category'
      ? column.categories.includes(String(fill)) && typeof fill === 'string'
      : typeof fill === 'number' &&
        (type === 'number' || Number.isSafeInteger(fill)) &&
        fill >= (column.min ?? fill) &&
        fill <= (column.max ?? fill);
  if (fits) return;
  throw field
    .field('fill')
    .complaint(
      'what stands in for a missing cell is no cell of its column',
      `a cell of type ${type}, in its range`,
      String(fill).slice(0, 80),
      'Correct fill.',
    );
}

function checkRoles(columns: readonly DataColumn[], list: Reader): void {
  const targets = columns.filter(({ target }) => target === true);
  const inputs = columns.filter(({ target }) => target !== true);
  if (targets.length === 0 || inputs.length === 0) {
    const what = targets.length === 0 ? 'target: true' : 'no target';
    throw list.complaint(
      `no column has ${what}`,
      'at least one input and one target',
      `${inputs.length} and ${targets.length}`,
      'Mark with target: true what the model is to find, and nothing else.',
    );
  }
  if (
    targets.some(({ type }) => type === 'category') ? targets.length > 1 : targets.some(({ type }) => type === 'image')
  ) {
    throw list.complaint(
      'targets are one category, or numbers',
      'one category, or numbers',
      targets
        .map(({ type }) => type)
        .join(', ')
        .slice(0, 80),
      'Mark one category, or numbers alone, with target: true.',
    );
  }
  if (inputs.length === 1 || inputs.every(({ type }) => type !== 'image')) return;
  throw list.complaint(
    'an image is the only input',
    'one image alone',
    inputs
      .map(({ type }) => type)
      .join(', ')
      .slice(0, 80),
    'Declare the image without the other inputs.',
  );
}
