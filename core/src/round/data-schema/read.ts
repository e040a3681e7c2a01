import { bounds } from '../../wire/bounds.js';
import type { DataColumn, DataSchema, MissingRule } from '../data-schema.js';
import type { Reader } from '../plan/reader.js';

const what = 'a data schema';

/** The shape of a data schema: every field present, of its type, within its bounds, and nothing else. */
export function readDataSchema(schema: Reader): DataSchema {
  schema.only(['schema', 'columns'], what);
  return {
    schema: schema.field('schema').choice(['concordat/data-schema/1']),
    columns: schema.field('columns').items(2, bounds.dataColumnsMax).map(readColumn),
  };
}

function readColumn(column: Reader): DataColumn {
  const type = column.field('type').choice(['number', 'integer', 'category', 'image']);
  const target = column.optional('target');
  const common = {
    name: label(column.field('name'), bounds.columnNameCharactersMax),
    missing: readMissing(column.field('missing')),
    ...(target === undefined ? {} : { target: isTrue(target) }),
  };
  const fields = ['name', 'type', 'missing', 'target'];
  if (type === 'category') {
    column.only([...fields, 'categories'], what);
    const categories = column.field('categories').items(2, bounds.categoriesMax);
    return { ...common, type, categories: categories.map((one) => label(one, bounds.categoryCharactersMax)) };
  }
  if (type === 'image') {
    column.only([...fields, 'shape'], what);
    const [rows, columns] = column
      .field('shape')
      .items(2, 2)
      .map((side) => side.integer(1, bounds.imageSideMax));
    return { ...common, type, shape: [rows!, columns!] };
  }
  column.only([...fields, 'min', 'max', 'scale'], what);
  const [min, max] = [finite(column.optional('min')), finite(column.optional('max'))];
  const scale = column.optional('scale')?.choice(['unit']);
  return {
    ...common,
    type,
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(scale === undefined ? {} : { scale }),
  };
}

function readMissing(missing: Reader): MissingRule {
  if (typeof missing.raw !== 'object' || missing.raw === null)
    return missing.choice<'refuse' | 'skip'>(['refuse', 'skip']);
  missing.only(['fill'], what);
  const fill = missing.field('fill');
  return {
    fill: typeof fill.raw === 'number' ? fill.number(-greatest, greatest) : label(fill, bounds.categoryCharactersMax),
  };
}

// Cells become float32.
const greatest = 3.4028234663852886e38;

function finite(field: Reader | undefined): number | undefined {
  return field?.number(-greatest, greatest);
}

function isTrue(field: Reader): true {
  if (field.raw === true) return true;
  throw field.complaint(
    'target is true or absent',
    'true',
    String(field.raw).slice(0, 80),
    'Remove it, or write true.',
  );
}

/**
 * A name that people compare by eye and machines byte by byte: nothing that a terminal would obey or nobody sees, no blank at an end, and
 * one spelling of each accented letter.
 */
function label(field: Reader, max: number): string {
  const text = field.text({ max });
  if (
    /^\S(?:.*\S)?$/u.test(text) &&
    !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/u.test(text) &&
    text.normalize('NFC') === text
  ) {
    return text;
  }
  throw field.complaint(
    'a name holds a character that nobody sees, a blank at an end, or an accent that is not composed (NFC)',
    'visible text in NFC',
    JSON.stringify(text)
      .slice(0, 80)
      .replace(/[^ -~]/g, '?'),
    'Write the name with visible characters alone.',
  );
}
