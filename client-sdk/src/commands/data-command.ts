import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  bounds,
  compareDataSchemas,
  type DataSchema,
  digestDataSchema,
  exampleSizes,
  FederatedError,
  parseDataSchema,
  printable,
} from '@concordat/core';
import { configurationError, problemLine } from '@concordat/node';
import { type CommandResult, conclude } from '@concordat/proto';
import { type Command, InvalidArgumentError } from 'commander';
import { dataSettings, readDataSettings } from '../configuration/settings.js';
import { checkDeclaration, type DataDeclaration, declarationFile, declarationText } from '../data/declaration.js';
import { openRecords } from '../data/declared-records.js';
import { type RecordsSummary, summarizeRecords } from '../data/records-summary.js';
import { recordsRefusal, resultOf } from '../run/records-check.js';
import { previewLines } from './data-preview.js';
import { requireExisting } from './existing-path.js';
import type { CommandIo } from './io.js';
import { settingFlags } from './setting-flags.js';

interface DataFlags extends Readonly<Record<string, unknown>> {
  readonly json?: true;
  readonly out?: string;
  readonly against?: string;
  readonly rows?: number;
}

const rowsMax = 1000;

/** `participant data schema | check | preview`: all of it here, with nothing sent. */
export function addDataCommands(group: Command, io: CommandIo): void {
  const data = group
    .command('data')
    .description('What the records are, and whether they are as declared; sends nothing.');
  const add = (name: string, description: string) =>
    settingFlags(data.command(name).description(description), dataSettings)
      .option('--directory <directory>', 'the participant directory, whose participant.yaml may name the data')
      .option('--json', 'print one envelope on stdout');
  add('schema', 'Print what all participants must declare alike, for the operator: no path, no dialect, no count.')
    .option('--out <file>', 'write it into a file instead')
    .action((flags: DataFlags) =>
      conclude(io, flags.json === true, async () => printSchema(await declared(flags, io), flags, io)),
    );
  add('check', 'Read every record, and name every cell that is not as declared; shows none of them.')
    .option('--against <file>', 'a schema that the operator sent: compare the columns too')
    .action((flags: DataFlags) =>
      conclude(io, flags.json === true, async () => check(await declared(flags, io), flags, io)),
    );
  add(
    'preview',
    'Show the first rows as a model would be given them, and each column in figures. For your eyes: it stays here.',
  )
    .option('--rows <n>', `rows to show, 0 to ${rowsMax} (default: 5)`, rowCount)
    .action((flags: DataFlags) =>
      conclude(io, flags.json === true, async () => preview(await declared(flags, io), flags)),
    );
}

/** @throws `invalid-argument` with every problem of `data.yaml`, by file and line. */
async function declared(flags: DataFlags, io: CommandIo): Promise<DataDeclaration> {
  const { json: _json, out: _out, against: _against, rows: _rows, ...settings } = flags;
  const { data } = await readDataSettings({ flags: settings, environment: io.environment });
  requireExisting('--data', data, 'directory');
  const at = join(data, declarationFile);
  const text = await declarationText(at);
  if (text === undefined) {
    throw new FederatedError('invalid-argument', `there is no ${at}`, {
      detail: { path: at },
      fix: 'Write it: docs/data.md begins with an example.',
    });
  }
  const reading = checkDeclaration(text, at);
  if (reading.type === 'read') return reading.declaration;
  if (flags.json !== true)
    for (const problem of reading.problems.slice(1)) io.stderr.write(`${problemLine(problem)}\n`);
  throw configurationError(reading.problems, 'concordat participant data check');
}

async function printSchema({ schema }: DataDeclaration, { out }: DataFlags, io: CommandIo): Promise<CommandResult> {
  const digest = digestDataSchema(schema);
  const text = JSON.stringify(schema, undefined, 2);
  const data = { digest, schema };
  if (out === undefined) {
    // The schema alone on stdout, so that it can be sent on as it is.
    io.stderr.write(`Data schema ${digest}\n`);
    return { data, lines: [text] };
  }
  await writeFile(resolve(out), `${text}\n`);
  return {
    data,
    lines: [`Data schema ${digest} in ${printable(out)}. It says nothing of where your records are, or how many.`],
  };
}

async function check(
  declaration: DataDeclaration,
  { against, json }: DataFlags,
  io: CommandIo,
): Promise<CommandResult> {
  const { schema, source } = declaration;
  if (against !== undefined) requireAlike(await schemaFile(against), schema);
  const digest = digestDataSchema(schema);
  if (source.kind === 'code') {
    return {
      data: { digest },
      lines: [`Nothing is wrong in ${declarationFile}. The rows come from a program and were not read.`],
    };
  }
  const summary = await summarizeRecords(openRecords(declaration), { rows: 0 });
  const { examples, skipped, wrong } = summary;
  if (wrong.rows > 0) {
    if (json !== true) for (const line of wrong.first) io.stderr.write(`${printable(line)}\n`);
    throw new FederatedError(
      'refused',
      `rows with a cell that is not as declared: ${wrong.rows.toLocaleString('en')}, of which at most 20 are named`,
      {
        detail: { rule: 'data.cell', required: 0, offered: wrong.rows, cells: wrong.first },
      },
    );
  }
  requireExamples(summary);
  const { inputs } = exampleSizes(schema);
  return {
    data: { digest, examples, skipped, inputs },
    lines: [
      `${examples.toLocaleString('en')} examples of ${inputs.toLocaleString('en')} numbers each; left out for a missing cell: ${skipped.toLocaleString('en')}.`,
      `Data schema ${digest}${against === undefined ? '' : ', the same as in the file'}. Nothing is wrong, and nothing was sent.`,
    ],
  };
}

async function preview(declaration: DataDeclaration, { rows = 5 }: DataFlags): Promise<CommandResult> {
  const summary = await summarizeRecords(openRecords(declaration), { rows });
  return { data: summary, lines: previewLines(declaration.schema, summary) };
}

function requireExamples({ examples, skipped }: RecordsSummary): void {
  if (examples > 0) return;
  throw new FederatedError('invalid-argument', 'there is no record to train on', {
    detail: { required: 'at least one example', skipped },
    fix: 'Look at the files that data.yaml names, and at the rules for missing cells.',
  });
}

/** @throws `refused` naming every column that differs. */
function requireAlike(planned: DataSchema, own: DataSchema): void {
  const refused = recordsRefusal(compareDataSchemas(planned, own).map(resultOf));
  if (refused !== undefined) throw refused;
}

async function schemaFile(file: string): Promise<DataSchema> {
  const at = resolve(file);
  const text = await declarationText(at, bounds.planBytesMax);
  if (text !== undefined) return parseDataSchema(text);
  throw new FederatedError('invalid-argument', `there is no ${at}`, {
    detail: { path: at },
    fix: 'Name the schema’s file.',
  });
}

function rowCount(text: string): number {
  const rows = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (rows <= rowsMax) return rows;
  throw new InvalidArgumentError(`a whole number from 0 to ${rowsMax}`);
}
