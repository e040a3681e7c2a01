import type { DataColumn, DataSchema } from '../data-schema.js';

/** Float32 values of one example: what a model is given, and what it is to find (for a category the number of its classes). */
export function exampleSizes({ columns }: DataSchema): { readonly inputs: number; readonly targets: number } {
  const size = (target: boolean) =>
    columns.filter((column) => (column.target === true) === target).reduce((sum, column) => sum + widthOf(column), 0);
  return { inputs: size(false), targets: size(true) };
}

/** Float32 values of one cell. */
export function widthOf(column: DataColumn): number {
  if (column.type === 'category') return column.categories.length;
  return column.type === 'image' ? column.shape[0] * column.shape[1] : 1;
}
