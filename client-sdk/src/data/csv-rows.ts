import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { FederatedError } from '@concordat/core';
import { CsvError, type InfoRecord, Parser } from 'csv-parse';
import { CountedLines } from './counted-lines.js';
import { composed, type DataSourceFile } from './declaration.js';
import type { SourceRow } from './records.js';

type Dialect = Pick<DataSourceFile, 'delimiter' | 'quote' | 'encoding' | 'header' | 'lineBytesMax'>;

/**
 * The rows of a CSV file, read as a stream: memory holds what is under way, whatever the length of the file.
 *
 * @param options.names columns to read, by their names in the file; others are passed over.
 * @throws `invalid-argument` when the file cannot be read; `malformed` naming file and line for a header without one of the columns or
 *   with one of them twice, a row with more or fewer cells, an unclosed quote, and a line longer than `lineBytesMax`.
 * @see RFC 4180; the delimiter, the quote and any line ending are taken besides.
 */
export async function* csvRows(options: {
  readonly path: string;
  readonly names: readonly string[];
  readonly dialect: Dialect;
}): AsyncGenerator<SourceRow> {
  const { path, names, dialect } = options;
  const parser = new Parser({
    delimiter: dialect.delimiter,
    quote: dialect.quote,
    // One that doubles itself, as RFC 4180 has it.
    escape: dialect.quote,
    encoding: dialect.encoding === 'latin-1' ? 'latin1' : 'utf8',
    info: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    // Judged here, with the line in the message.
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: dialect.lineBytesMax,
  });
  const lines = new CountedLines(path, dialect.lineBytesMax);
  const stop = new AbortController();
  // A failure of a part ends the parser, which is where it is heard.
  const flowing = pipeline(createReadStream(path), lines, parser, {
    signal: stop.signal,
  }).catch(() => undefined);
  try {
    yield* tabled(parser as AsyncIterable<ParsedRecord>, lines, { path, names, header: dialect.header });
  } catch (error) {
    throw explained(error, path, dialect);
  } finally {
    stop.abort();
    await flowing;
  }
}

interface ParsedRecord {
  readonly record: readonly string[];
  readonly info: InfoRecord;
}

async function* tabled(
  records: AsyncIterable<ParsedRecord>,
  lines: CountedLines,
  { path, names, header }: { readonly path: string; readonly names: readonly string[]; readonly header: boolean },
): AsyncGenerator<SourceRow> {
  let places = header ? undefined : names.map((_, i) => i);
  let width = names.length;
  let [begin, blank] = [0, 0];
  for await (const { record, info } of records) {
    // A blank line before a record is passed over, and counted.
    const line = lines.before(begin) + 1 + info.empty_lines - blank;
    [begin, blank] = [info.bytes, info.empty_lines];
    if (places === undefined) {
      places = headerPlaces(record, names, `${path}:${line}`);
      width = record.length;
      continue;
    }
    if (record.length !== width) throw wrong(`${path}:${line}`, `${width} cells in a row`, `${record.length}`);
    const at = places;
    yield {
      cells: at.map((place) => record[place]),
      place: (column) => `${path}:${line}:${at[column]! + 1} (${names[column]!})`,
    };
  }
  if (places === undefined) throw wrong(`${path}:1`, 'a header', 'an empty file');
}

function headerPlaces(header: readonly string[], names: readonly string[], where: string): number[] {
  const found = header.map((cell) => composed(cell.trim()));
  const lacking = names.filter((name) => !found.includes(name));
  if (lacking.length > 0) {
    throw wrong(where, `the columns ${lacking.join(', ')}`.slice(0, 200), 'a header without them');
  }
  const twice = names.find((name) => found.indexOf(name) !== found.lastIndexOf(name));
  if (twice !== undefined) throw wrong(where, `one column ${twice}`, 'several of that name');
  return names.map((name) => found.indexOf(name));
}

function wrong(where: string, required: string, offered: string): FederatedError {
  return new FederatedError('malformed', `${where}: required ${required}; offered ${offered}`, {
    detail: { where, required, offered },
    fix: 'Correct the file, or delimiter, quote, header and lineBytesMax under source in data.yaml.',
  });
}

/** The parser's own messages quote the file; of them only the place is used. */
function explained(error: unknown, path: string, { lineBytesMax }: Dialect): unknown {
  if (error instanceof CsvError) {
    const where = `${path}:${String((error as unknown as { lines?: number }).lines ?? 1)}`;
    if (error.code === 'CSV_MAX_RECORD_SIZE')
      return wrong(where, `a row of at most ${lineBytesMax} characters`, 'a longer one');
    return wrong(where, 'cells with quotes around all of them or none', 'a quote that does not open or close a cell');
  }
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof FederatedError || code === undefined) return error;
  return new FederatedError('invalid-argument', `${path} cannot be read (${code})`, {
    cause: error,
    detail: { path },
    fix: 'Correct source.files in data.yaml, or give this user read permission.',
  });
}
