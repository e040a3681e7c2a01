import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { bounds, type DataSchema, FederatedError, requireDataSchema } from '@concordat/core';
import {
  checkDocument,
  configurationError,
  type JsonSchema,
  jsonSchemaOf,
  type Problem,
  parseYaml,
  type YamlFile,
} from '@concordat/node';
import { z } from 'zod';

/** The declaration in a data directory. */
export const declarationFile = 'data.yaml';

const name = z.string().min(1).max(bounds.columnNameCharactersMax);
const path = z.string().min(1).max(4096).meta({ title: 'the path of a file' });
const sign = z.string().length(1).meta({ title: 'one character' });
const finite = z.number().meta({ title: 'a number' });

const columnShape = z.strictObject({
  name: name.describe('its name for everybody'),
  type: z.enum(['number', 'integer', 'category', 'image']).describe('what its cells are'),
  target: z.literal(true).optional().describe('on what the model is to find; everything else is given to it'),
  from: name.optional().describe('its name in the file, where that is another; known here alone'),
  min: finite.optional().describe('least value, inclusive; a cell below it is refused'),
  max: finite.optional().describe('greatest value, inclusive'),
  scale: z.enum(['unit']).optional().describe('unit: min becomes 0 and max 1'),
  categories: z
    .array(z.string().min(1).max(bounds.categoryCharactersMax).meta({ title: 'text, so a number in quotes' }))
    .min(2)
    .max(bounds.categoriesMax)
    .optional()
    .describe('every category, in the order of everybody'),
  shape: z.array(z.int().min(1).max(bounds.imageSideMax)).length(2).optional().describe('rows and columns of an image'),
  missing: z
    .enum(['refuse', 'skip', 'fill'])
    .default('refuse')
    .describe('an empty cell: refuse the data set, skip the row, or put fill in its place'),
  fill: z
    .union([z.number(), z.string().min(1).max(bounds.categoryCharactersMax)])
    .meta({ title: 'a number or a category' })
    .optional()
    .describe('with missing: fill'),
});

const sourceShape = z.strictObject({
  kind: z.enum(['csv', 'parquet', 'idx', 'code']).describe('code: the program that embeds the client brings the rows'),
  files: z
    .array(path)
    .min(1)
    .max(4096)
    .optional()
    .describe('of csv and parquet, one after another; relative to this file'),
  images: path.optional().describe('of idx'),
  labels: path.optional().describe('of idx'),
  delimiter: sign.default(',').describe('of csv: between two cells'),
  quote: sign.default('"').describe('of csv: around a cell'),
  decimal: z.enum(['.', ',']).default('.').describe('of csv: the decimal sign'),
  encoding: z.enum(['utf-8', 'latin-1']).default('utf-8').describe('of csv'),
  header: z
    .boolean()
    .default(true)
    .describe('of csv: whether the first line names the columns; false: they stand in the order declared'),
  emptyCells: z
    .array(z.string().max(64))
    .max(32)
    .default([''])
    .describe('of csv: what stands in a cell without a value'),
  lineBytesMax: z
    .int()
    .min(64)
    .max(2 ** 26)
    .default(2 ** 20)
    .describe('of csv: longest line'),
});

/** Strict everywhere: an entry that is misspelt must stop the client, not be skipped. */
export const declarationShape = z
  .strictObject({
    schema: z.literal('concordat/data/1').describe('version of this form'),
    columns: z
      .array(columnShape)
      .min(2)
      .max(bounds.dataColumnsMax)
      .describe('what everybody has in common, in the order of everybody'),
    source: sourceShape.describe('where the records are, known here alone'),
    memoryMegabytes: z.int().min(1).max(65_536).default(1024).describe('most that the records may take in memory'),
    shuffleWindow: z
      .int()
      .min(1)
      .max(2 ** 30)
      .optional()
      .describe(
        'examples in memory at a time: the records are read anew for every pass, and shuffled among so many; absent, all are in memory',
      ),
  })
  .meta({ title: 'data.yaml of Concordat' });

/** `data.yaml` as it is written, with its defaults. */
export type DeclarationFile = z.infer<typeof declarationShape>;
/** The same as a program writes it: what has a default may be left out. */
export type WrittenDeclaration = Frozen<z.input<typeof declarationShape>>;
type Frozen<Value> = Value extends object ? { readonly [Key in keyof Value]: Frozen<Value[Key]> } : Value;
export type DataSourceFile = DeclarationFile['source'];

/** What a participant declares of its records: the schema, which others have too, and what only it knows. Plain data. */
export interface DataDeclaration {
  readonly schema: DataSchema;
  /** Names in the file, in the order of the schema's columns. */
  readonly names: readonly string[];
  readonly source: DataSourceFile;
  /** What relative paths are relative to. */
  readonly directory: string;
  readonly memoryBytesMax: number;
  /** See `Records`. */
  readonly shuffleWindow?: number | undefined;
}

/** The JSON Schema of `data.yaml`. */
export function declarationJsonSchema(): JsonSchema {
  return jsonSchemaOf(declarationShape);
}

/** What a data declaration came to: usable, or everything that is wrong with it. */
export type DeclarationReading =
  | { readonly type: 'read'; readonly declaration: DataDeclaration }
  | { readonly type: 'wrong'; readonly problems: readonly Problem[] };

/**
 * A declaration from YAML text. Never throws.
 *
 * @param at path of the file: for the messages, and what the paths in it are relative to.
 */
export function checkDeclaration(text: string, at: string): DeclarationReading {
  const reading = parseYaml(text, at);
  if (reading.type === 'unusable') return { type: 'wrong', problems: [reading.problem] };
  const { file } = reading;
  const problems = checkDocument(file, declarationShape);
  if (problems.length > 0) return { type: 'wrong', problems };
  const written = declarationShape.parse(file.document);
  const further = [...sourceProblems(written, file), ...fillProblems(written, file)];
  try {
    const declaration = declarationOf(written, dirname(resolve(at)), bracketed(file));
    return further.length > 0 ? { type: 'wrong', problems: further } : { type: 'read', declaration };
  } catch (error) {
    if (!(error instanceof FederatedError)) throw error;
    return { type: 'wrong', problems: [...further, problemOf(error, file)] };
  }
}

/** @throws `invalid-argument` naming file, line, what is required and what was offered of the first problem. */
export function parseDeclaration(text: string, at = declarationFile): DataDeclaration {
  const reading = checkDeclaration(text, at);
  if (reading.type === 'read') return reading.declaration;
  throw configurationError(reading.problems, 'concordat participant data check');
}

/**
 * The declaration in a data directory.
 *
 * @returns undefined when there is none: then its records are IDX files in their usual places.
 * @throws as {@link parseDeclaration}, also for a file that cannot be read.
 */
export async function readDeclaration(directory: string): Promise<DataDeclaration | undefined> {
  const at = join(directory, declarationFile);
  const text = await declarationText(at);
  return text === undefined ? undefined : parseDeclaration(text, at);
}

/** @returns undefined when there is no such file. @throws `invalid-argument` when it cannot be read or is too long. */
export async function declarationText(
  at: string,
  bytesMax: number = bounds.configurationBytesMax,
): Promise<string | undefined> {
  try {
    const bytes = await readFile(at);
    if (bytes.length <= bytesMax) return bytes.toString('utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    if (code === 'ENOENT') return undefined;
    throw new FederatedError('invalid-argument', `${at} cannot be read (${code})`, {
      cause,
      fix: 'Give this user read permission.',
    });
  }
  throw new FederatedError('invalid-argument', `${at} is too long for a declaration`, {
    detail: { required: bytesMax },
    fix: 'Name the data directory that was meant.',
  });
}

/**
 * The same from a value, for programs.
 *
 * @param written as in `data.yaml`, without what has a default.
 * @throws `invalid-argument` naming the entry.
 */
export function declareData(written: WrittenDeclaration, directory = '.'): DataDeclaration {
  return parseDeclaration(JSON.stringify(written), join(directory, declarationFile));
}

function declarationOf(
  { columns, source, memoryMegabytes, shuffleWindow }: DeclarationFile,
  directory: string,
  lines: ReadonlyMap<string, number>,
): DataDeclaration {
  const value = { schema: 'concordat/data-schema/1', columns: columns.map(columnOf) };
  const schema = requireDataSchema({ value, lines });
  const names = columns.map(({ name, from }) => composed(from ?? name));
  const window = shuffleWindow === undefined ? {} : { shuffleWindow };
  return { schema, names, source, directory, memoryBytesMax: memoryMegabytes * 2 ** 20, ...window };
}

function columnOf({ from: _, missing, fill, ...column }: DeclarationFile['columns'][number]): object {
  return {
    ...column,
    name: composed(column.name),
    ...(column.categories === undefined ? {} : { categories: column.categories.map(composed) }),
    missing: missing === 'fill' ? { fill: typeof fill === 'string' ? composed(fill) : fill } : missing,
  };
}

/** One spelling for what looks alike: keyboards and databases differ in how they compose accents. */
export function composed(text: string): string {
  return text.normalize('NFC');
}

const sourceNeeds = {
  csv: ['files'],
  parquet: ['files'],
  idx: ['images', 'labels'],
  code: [],
} as const satisfies Readonly<Record<DataSourceFile['kind'], readonly string[]>>;

function sourceProblems({ source, columns }: DeclarationFile, file: YamlFile): Problem[] {
  const { kind } = source;
  const needs: readonly string[] = sourceNeeds[kind];
  const wrong = (setting: string, required: string, offered: string, fix: string): Problem => ({
    severity: 'error',
    where: `${file.path}:${file.lines.get(setting) ?? file.lines.get('source') ?? 1}`,
    setting,
    required,
    offered,
    fix,
  });
  const lacking = needs.filter((entry) => source[entry as keyof DataSourceFile] === undefined);
  const strange = (['files', 'images', 'labels'] as const).filter(
    (entry) => source[entry] !== undefined && !needs.includes(entry),
  );
  const images = columns.filter(({ type }) => type === 'image').length;
  const misplaced = kind === 'idx' ? images !== 1 || columns.length !== 2 : images > 0 && kind !== 'code';
  return [
    ...lacking.map((entry) => wrong(`source.${entry}`, `${entry} of ${kind}`, 'nothing', `Add source.${entry}.`)),
    ...strange.map((entry) => wrong(`source.${entry}`, `no ${entry} with ${kind}`, entry, 'Remove it.')),
    ...(misplaced
      ? [
          wrong(
            'columns',
            'one image and its category with idx, images nowhere else but in code',
            kind,
            'Correct columns or source.kind.',
          ),
        ]
      : []),
    ...(source.delimiter === source.quote || (source.decimal === ',' && source.delimiter === ',')
      ? [
          wrong(
            'source.delimiter',
            'another sign than quote and decimal',
            source.delimiter,
            'Set delimiter, e.g. to ";".',
          ),
        ]
      : []),
  ];
}

function fillProblems({ columns }: DeclarationFile, file: YamlFile): Problem[] {
  return columns.flatMap(({ missing, fill }, i) => {
    if ((missing === 'fill') === (fill !== undefined)) return [];
    const setting = `columns.${i}.${fill === undefined ? 'missing' : 'fill'}`;
    return [
      {
        severity: 'error',
        where: `${file.path}:${file.lines.get(setting) ?? 1}`,
        setting,
        required: 'missing: fill together with fill: VALUE',
        offered: fill === undefined ? 'missing: fill alone' : 'fill alone',
        fix: 'Write both or none.',
      } satisfies Problem,
    ];
  });
}

/** The core names fields as `columns[2].name`. */
function bracketed({ lines }: YamlFile): ReadonlyMap<string, number> {
  return new Map([...lines].map(([path, line]) => [path.replace(/\.(\d+)/g, '[$1]'), line]));
}

function problemOf({ message, detail, fix }: FederatedError, file: YamlFile): Problem {
  const setting = String(detail.rule ?? 'columns').replace(/\[(\d+)\]/g, '.$1');
  const parents = setting.split('.').map((_, i, parts) => parts.slice(0, parts.length - i).join('.'));
  const line = parents.map((one) => file.lines.get(one)).find((one) => one !== undefined);
  return {
    severity: 'error',
    where: `${file.path}:${line ?? 1}`,
    setting: `${setting}: ${message.replace(/^line \d+: /, '')}`,
    required: String(detail.required),
    offered: String(detail.offered),
    fix: fix.replace(/ More: .*$/s, ''),
  };
}
