import { jsonSchemaOf, requirementOf } from './check-document.js';
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

/** A Markdown table; cells must not hold line breaks. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
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
