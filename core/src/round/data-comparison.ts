import type { Rule } from '../rules.js';
import type { DataColumn, DataSchema, MissingRule } from './data-schema.js';

/** One way in which a participant's columns are not those of a plan. `column` is in the plan, in the declaration, or in both. */
export interface DataDifference {
  readonly column: string;
  readonly rule: Rule<'refused'>;
  /** Of the plan, in words; at most 200 characters. */
  readonly required: string;
  /** As declared here. */
  readonly offered: string;
}

const textMax = 200;

/**
 * Hold a participant's data schema against a plan's, column by column.
 *
 * @returns every difference, in the order of the plan's columns; none exactly when both have one digest.
 */
export function compareDataSchemas(required: DataSchema, offered: DataSchema): DataDifference[] {
  const here = new Map(offered.columns.map((column) => [column.name, column]));
  const planned = new Set(required.columns.map(({ name }) => name));
  const differences = [
    ...required.columns.flatMap((column) => {
      const own = here.get(column.name);
      if (own === undefined)
        return [difference(column.name, 'data.column', `a column of type ${column.type}`, 'no such column')];
      return compareColumns(column, own);
    }),
    ...offered.columns
      .filter(({ name }) => !planned.has(name))
      .map(({ name }) => difference(name, 'data.column', 'no such column', 'a column that the plan does not have')),
  ];
  return differences.length === 0 ? orderOf(required, offered) : differences;
}

function compareColumns(planned: DataColumn, own: DataColumn): DataDifference[] {
  const differs = (rule: Rule<'refused'>, required: string, offered: string) =>
    difference(planned.name, rule, required, offered);
  const role = (column: DataColumn) => (column.target === true ? 'a target' : 'an input');
  if (planned.type !== own.type) return [differs('data.type', planned.type, own.type)];
  const pairs: (readonly [Rule<'refused'>, string, string])[] = [
    ['data.target', role(planned), role(own)],
    ['data.missing', missingInWords(planned.missing), missingInWords(own.missing)],
  ];
  if (planned.type === 'category' && own.type === 'category')
    pairs.push(categoriesInWords(planned.categories, own.categories));
  else if (planned.type === 'image' && own.type === 'image') {
    pairs.push(['data.shape', planned.shape.join(' × '), own.shape.join(' × ')]);
  } else pairs.push(['data.range', rangeInWords(planned), rangeInWords(own)]);
  return pairs.filter(([, a, b]) => a !== b).map((pair) => differs(...pair));
}

function categoriesInWords(
  planned: readonly string[],
  own: readonly string[],
): readonly [Rule<'refused'>, string, string] {
  const lacking = planned.filter((category) => !own.includes(category));
  const foreign = own.filter((category) => !planned.includes(category));
  if (lacking.length > 0 || foreign.length > 0) {
    return [
      'data.categories',
      listed(lacking, `the ${planned.length} categories of the plan alone`),
      listed(foreign, 'fewer categories'),
    ];
  }
  const at = planned.findIndex((category, i) => category !== own[i]);
  if (at < 0) return ['data.categories', '', ''];
  return ['data.categories', `${planned[at]!} as category ${at + 1}`, `${own[at]!} as category ${at + 1}`];
}

function listed(categories: readonly string[], none: string): string {
  return categories.length === 0 ? none : `also ${categories.join(', ')}`;
}

function rangeInWords(column: DataColumn): string {
  if (column.type === 'category' || column.type === 'image') return '';
  const { min, max, scale } = column;
  const range = min === undefined && max === undefined ? 'any number' : `${min ?? 'any'} to ${max ?? 'any'}`;
  return scale === undefined ? range : `${range}, scaled to 0 … 1`;
}

function missingInWords(missing: MissingRule): string {
  return typeof missing === 'string' ? `missing cells: ${missing}` : `missing cells: filled with ${missing.fill}`;
}

/** All columns are alike, so only their places can differ. */
function orderOf({ columns: planned }: DataSchema, { columns: own }: DataSchema): DataDifference[] {
  const at = planned.findIndex(({ name }, i) => name !== own[i]!.name);
  if (at < 0) return [];
  return [
    difference(
      planned[at]!.name,
      'data.order',
      `column ${at + 1}`,
      `column ${own.findIndex(({ name }) => name === planned[at]!.name) + 1}`,
    ),
  ];
}

function difference(column: string, rule: Rule<'refused'>, required: string, offered: string): DataDifference {
  return { column, rule, required: required.slice(0, textMax), offered: offered.slice(0, textMax) };
}
