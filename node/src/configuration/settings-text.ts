import type { Settings } from './setting.js';

/**
 * A configuration file for people to go on with: every setting with what it does; those without a value are comments.
 *
 * @param values by dotted key.
 * @param schemaFile name of the JSON Schema beside the file; editors find it without any network.
 */
export function settingsText(
  settings: Settings,
  values: Readonly<Record<string, string | number | boolean>>,
  schemaFile: string,
): string {
  const lines = [`# yaml-language-server: $schema=./${schemaFile}`];
  let group = '';
  for (const { key, description, default: fallback } of Object.values(settings)) {
    if (key === undefined) continue;
    const [first, second] = key.split('.') as [string, string?];
    const value = values[key];
    const mark = value === undefined ? '# ' : '';
    if (second !== undefined && first !== group) lines.push(`${mark}${first}:`);
    group = second === undefined ? '' : first;
    const indent = second === undefined ? '' : '  ';
    lines.push(`${indent}# ${description}${fallback === undefined ? '' : ` (default: ${fallback})`}`);
    const shown = value ?? fallback;
    lines.push(`${mark}${indent}${second ?? first}:${shown === undefined ? '' : ` ${written(shown)}`}`);
  }
  return `${lines.join('\n')}\n`;
}

/** JSON is YAML; plain words stay plain. */
function written(value: string | number | boolean): string {
  return typeof value === 'string' && !/^[a-z][a-z0-9.-]*$/.test(value) ? JSON.stringify(value) : String(value);
}
