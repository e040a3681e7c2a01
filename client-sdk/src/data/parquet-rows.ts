import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { FederatedError, refusal } from '@concordat/core';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  snappyUncompress,
} from 'hyparquet';
import { composed } from './declaration.js';
import type { SourceRow } from './records.js';

/**
 * The rows of a Parquet file, one row group after another: memory holds one row group, which may not be larger than `memoryBytesMax`.
 * Uncompressed, snappy, gzip and brotli.
 *
 * @param options.names columns to read, by their names in the file; others are not read at all.
 * @throws `invalid-argument` when the file cannot be read; `malformed` when it is no Parquet file, lacks a column, or nests it; `refused`
 *   `data.memory` for a row group that is too large.
 */
export async function* parquetRows(options: {
  readonly path: string;
  readonly names: readonly string[];
  readonly memoryBytesMax: number;
}): AsyncGenerator<SourceRow> {
  const { path, names, memoryBytesMax } = options;
  const { file, metadata } = await opened(path);
  const written = columnsOf(metadata, names, path);
  let rowStart = 0;
  for (const { num_rows, total_byte_size } of metadata.row_groups) {
    const count = Number(num_rows);
    if (count < 0) throw malformed(path, 'row groups with rows', String(count));
    const rowEnd = rowStart + count;
    // A run of equal values takes a few bytes in the file and a place for each value in memory.
    if (Math.max(Number(total_byte_size), bytesOfValue * count * names.length) > memoryBytesMax) {
      throw refusal('data.memory', `${path} has a row group that does not fit into the memory that data.yaml allows`, {
        required: `at most ${memoryBytesMax} bytes`,
        offered: `${total_byte_size} bytes, ${count} rows`,
        fix: 'Write the file with smaller row groups, or raise memoryMegabytes in data.yaml.',
      });
    }
    const compressors = decompressors(memoryBytesMax);
    const rows = await parquetReadObjects({
      file,
      metadata,
      columns: [...written],
      rowStart,
      rowEnd,
      compressors,
    }).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
    for (const [i, row] of rows.entries()) {
      const number = rowStart + i + 1;
      yield {
        cells: written.map((name) => row[name] as unknown),
        place: (column) => `${path}: row ${number}, column ${names[column]!}`,
      };
    }
    rowStart = rowEnd;
  }
}

const bytesOfValue = 8;

async function opened(path: string): Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData }> {
  const file = await asyncBufferFromFile(path).catch((cause: unknown) => {
    throw new FederatedError(
      'invalid-argument',
      `${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`,
      {
        cause,
        detail: { path },
        fix: 'Correct source.files in data.yaml, or give this user read permission.',
      },
    );
  });
  try {
    return { file, metadata: await parquetMetadataAsync(file) };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** The columns' names as they are spelt in the file. */
function columnsOf(metadata: FileMetaData, names: readonly string[], path: string): readonly string[] {
  const flat = schemaOf(metadata, path).children.filter(({ children }) => children.length === 0);
  return names.map((name) => {
    const found = flat.filter(({ element }) => typeof element.name === 'string' && composed(element.name) === name);
    if (found.length === 1) return found[0]!.element.name;
    throw malformed(path, `one column ${name} of plain values`, `${found.length} of them`);
  });
}

function schemaOf(metadata: FileMetaData, path: string): ReturnType<typeof parquetSchema> {
  try {
    return parquetSchema(metadata);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** What a page becomes is bounded by what the file may become. */
function decompressors(memoryBytesMax: number) {
  const bounded =
    (decompress: (input: Uint8Array, length: number) => Uint8Array) => (input: Uint8Array, length: number) => {
      if (length > memoryBytesMax) throw new Error('a page beyond the memory allowed');
      return decompress(input, length);
    };
  return {
    SNAPPY: bounded((input, length) => {
      const output = new Uint8Array(length);
      snappyUncompress(input, output);
      return output;
    }),
    GZIP: bounded((input, length) => gunzipSync(input, { maxOutputLength: Math.max(1, length) })),
    BROTLI: bounded((input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) })),
  };
}

function unreadable(path: string, cause: unknown): FederatedError {
  if (cause instanceof FederatedError) return cause;
  const why =
    cause instanceof Error
      ? cause.message
          .split('\n')[0]!
          .slice(0, 200)
          .replace(/[^ -~]/g, '?')
      : 'unknown failure';
  return malformed(path, 'a Parquet file, uncompressed or with snappy, gzip or brotli', why, cause);
}

function malformed(path: string, required: string, offered: string, cause?: unknown): FederatedError {
  return new FederatedError('malformed', `${path}: required ${required}; offered ${offered}`, {
    detail: { path, required, offered },
    fix: 'Write the file again with plain columns, or correct columns and source in data.yaml.',
    ...(cause === undefined ? {} : { cause }),
  });
}
