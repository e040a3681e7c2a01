import { resolve } from 'node:path';
import { FederatedError } from '@concordat/core';
import { csvRows } from './csv-rows.js';
import type { DataDeclaration } from './declaration.js';
import { idxRecords } from './idx-records.js';
import { parquetRows } from './parquet-rows.js';
import { type Records, type SourceRow, tableOf } from './records.js';

/**
 * The records that a declaration names. Nothing is read before they are asked for.
 *
 * @throws `invalid-argument` where the rows come from a program: see `recordsOf`.
 */
export function openRecords(declaration: DataDeclaration): Records {
  const { schema, names, source, directory, memoryBytesMax, shuffleWindow } = declaration;
  const pathOf = (path: string) => resolve(directory, path);
  const { kind, files = [], decimal, emptyCells } = source;
  switch (kind) {
    case 'csv':
      return tableOf({
        schema,
        memoryBytesMax,
        shuffleWindow,
        text: { decimal, emptyCells },
        rows: () => inTurn(files.map(pathOf), (path) => csvRows({ path, names, dialect: source })),
      });
    case 'parquet':
      return tableOf({
        schema,
        memoryBytesMax,
        shuffleWindow,
        text: { decimal: '.', emptyCells: [''] },
        rows: () => inTurn(files.map(pathOf), (path) => parquetRows({ path, names, memoryBytesMax })),
      });
    case 'idx':
      return {
        ...idxRecords({ schema, memoryBytesMax, images: pathOf(source.images!), labels: pathOf(source.labels!) }),
        shuffleWindow,
      };
    case 'code':
      throw new FederatedError('invalid-argument', 'the rows of this declaration come from a program', {
        detail: { required: 'csv, parquet or idx', offered: 'code' },
        fix: 'Name files in data.yaml, or pass recordsOf(declaration, rows) to FederatedClient.open.',
      });
  }
}

async function* inTurn(
  paths: readonly string[],
  rowsOf: (path: string) => AsyncIterable<SourceRow>,
): AsyncGenerator<SourceRow> {
  for (const path of paths) yield* rowsOf(path);
}
