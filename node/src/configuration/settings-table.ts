import { type JsonSchema, jsonSchemaOf, requirementOf } from './check-document.js';
import { type Setting, type Settings, settingShape } from './setting.js';

/** The settings as a Markdown table: file, environment, flag, what it takes, default, what it does. */
export function settingsTable(settings: Settings): string {
  const rows = Object.values(settings).map((setting) => [
    code(setting.key),
    code(setting.environment),
    code(setting.flag),
    requirementOf(jsonSchemaOf(settingShape(setting))),
    fallbackOf(setting),
    setting.description,
  ]);
  return markdownTable(['in the file', 'environment', 'flag', 'takes', 'default', 'what it is'], rows);
}

/** The entries of a file as a Markdown table: its dotted keys, what each takes, default, what it is. */
export function schemaTable(schema: JsonSchema): string {
  return markdownTable(['in the file', 'takes', 'default', 'what it is'], entriesOf(schema, ''));
}

function entriesOf(schema: JsonSchema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, entry]) => {
    if (typeof entry === 'boolean') return [];
    const nested = entry as JsonSchema;
    if (nested.type === 'object' && nested.properties !== undefined) return entriesOf(nested, `${prefix}${name}.`);
    const fallback = (nested.default ?? (schema.default as Record<string, unknown> | undefined)?.[name]) as unknown;
    const needed = schema.required?.includes(name) === true && schema.default === undefined;
    const absent = needed ? '**required**' : '–';
    const shown =
      fallback === undefined ? absent : code(typeof fallback === 'string' ? fallback : JSON.stringify(fallback));
    return [[code(prefix + name), requirementOf(nested), shown, nested.description ?? '']];
  });
}

/** A Markdown table; cells must not hold line breaks. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function fallbackOf(setting: Setting): string {
  if (setting.default !== undefined) return code(String(setting.default));
  return setting.required === true ? '**required**' : '–';
}

function code(text: string | undefined): string {
  return text === undefined ? '–' : `\`${text}\``;
}
