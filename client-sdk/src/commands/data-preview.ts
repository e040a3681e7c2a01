import { type DataSchema, printable } from '@concordat/core';
import type { ColumnSummary, RecordsSummary } from '../data/records-summary.js';

const columnsMax = 12;
const cellCharactersMax = 20;
const categoriesMax = 12;

/**
 * What would be trained on, for a terminal: a table of rows, then a line for each column. Every text in it is a name or a category of the
 * declaration, or a place in a file, and none holds a character that a terminal obeys: of a cell that is no category nothing is shown.
 */
export function previewLines({ columns }: DataSchema, summary: RecordsSummary): string[] {
  const { examples, skipped, wrong, rows } = summary;
  const shown = columns.slice(0, columnsMax);
  const head = shown.map(({ name, target }) => (target === true ? `${name} *` : name));
  const more = columns.length > columnsMax ? [`… and ${columns.length - columnsMax} more columns.`] : [];
  const table =
    rows.length === 0 ? [] : [...tableLines([head, ...rows.map((row) => row.slice(0, columnsMax))]), ...more, ''];
  return [
    ...table,
    ...summary.columns.map((column, i) => columnLine(column, columns[i]!)),
    '',
    `${examples.toLocaleString('en')} examples; left out for a missing cell: ${skipped.toLocaleString('en')}.`,
    ...(wrong.rows === 0
      ? []
      : [
          `Rows with a cell that is not as declared, so that nothing would be trained on: ${wrong.rows.toLocaleString('en')}.`,
        ]),
    ...wrong.first.map((place) => `  ${printable(place)}`),
    '* what the model is to find. This is shown here and sent nowhere.',
  ];
}

function tableLines(rows: readonly (readonly (number | string)[])[]): string[] {
  const cells = rows.map((row) => row.map((cell) => printable(String(cell)).slice(0, cellCharactersMax)));
  const widths = cells[0]!.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  return cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

function columnLine(
  { name, type, filled, range, counts }: ColumnSummary,
  column: DataSchema['columns'][number],
): string {
  const parts = [
    ...(range === undefined ? [] : [`${number(range.min)} to ${number(range.max)}, mean ${number(range.mean)}`]),
    ...(counts === undefined || column.type !== 'category' ? [] : [countsText(column.categories, counts)]),
    ...(filled === 0 ? [] : [`${filled.toLocaleString('en')} filled`]),
  ];
  return `${printable(name)} (${type})${parts.length === 0 ? '' : `: ${parts.join('; ')}`}`;
}

function countsText(categories: readonly string[], counts: readonly number[]): string {
  const named = categories
    .slice(0, categoriesMax)
    .map((category, i) => `${printable(category)} ${counts[i]!.toLocaleString('en')}`);
  const more = categories.length > categoriesMax ? `, and ${categories.length - categoriesMax} more` : '';
  return `${named.join(', ')}${more}`;
}

function number(value: number): string {
  return String(Number(value.toPrecision(6)));
}
