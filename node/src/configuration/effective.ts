import { dirname, resolve } from 'node:path';
import { checkDocument, jsonSchemaOf, requirementOf } from './check-document.js';
import type { Environment } from './environment-variables.js';
import { notQuoted, type Problem, quoted } from './problem.js';
import {
  flagAttribute,
  flagName,
  type Setting,
  type Settings,
  type SettingValues,
  settingShape,
  valueOfText,
} from './setting.js';
import { settingsShape } from './settings-shape.js';
import type { YamlFile } from './yaml-file.js';

/** Where the value in force came from. */
export type Origin =
  | { readonly type: 'flag'; readonly flag: string }
  | { readonly type: 'environment'; readonly variable: string }
  | { readonly type: 'file'; readonly path: string; readonly line: number }
  | { readonly type: 'default' }
  | { readonly type: 'unset' };

export interface EffectiveSetting {
  /** Its key in the file; the flag's or variable's name for what is not written there. */
  readonly setting: string;
  /** Absent when unset. */
  readonly value?: unknown;
  readonly origin: Origin;
}

export interface SettingSources {
  /** As commander hands them over: text, or true. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Environment;
  readonly file?: YamlFile | undefined;
  /** The file that could be written, for messages. */
  readonly filePath?: string;
  /** What paths in the environment and in flags are relative to; those in a file are relative to it. */
  readonly workingDirectory?: string;
  /** What default paths are relative to. */
  readonly home?: string;
}

/** Settings with their values and origins; `values` holds for all settings only when there is no problem of severity `error`. */
export interface Resolution<All extends Settings> {
  readonly values: SettingValues<All>;
  readonly effective: readonly EffectiveSetting[];
  readonly problems: readonly Problem[];
}

/** Flag, then `CONCORDAT_` variable, then file, then default. Everything that was given is checked, also what is overridden. */
export function resolveSettings<All extends Settings>(settings: All, sources: SettingSources): Resolution<All> {
  const problems = sources.file === undefined ? [] : checkDocument(sources.file, settingsShape(settings));
  const values: Record<string, unknown> = {};
  const effective: EffectiveSetting[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    const offers = offersFor(setting, sources);
    for (const { where, value, origin } of offers) {
      // Those of the file are found with the rest of the document.
      if (origin.type !== 'file' && !accepts(setting, value)) problems.push(wrong(setting, where, value));
    }
    const taken = offers.find(({ value }) => accepts(setting, value));
    const value = taken === undefined ? undefined : absolute(setting, taken.value, taken.base);
    values[name] = value;
    const origin: Origin = taken?.origin ?? { type: 'unset' };
    effective.push({ setting: settingName(setting), ...(value === undefined ? {} : { value }), origin });
    if (setting.required === true && offers.length === 0) problems.push(missing(setting, sources));
  }
  return { values: values as SettingValues<All>, effective, problems };
}

interface Offer {
  readonly where: string;
  readonly value: unknown;
  readonly origin: Origin;
  /** What a path is relative to. */
  readonly base: string;
}

/** What was said about a setting, first what counts most. */
function offersFor(setting: Setting, sources: SettingSources): Offer[] {
  const here = sources.workingDirectory ?? process.cwd();
  const offers: Offer[] = [];
  if (setting.flag !== undefined) {
    const given = sources.flags[flagAttribute(setting.flag)];
    const flag = flagName(setting.flag);
    const value = typeof given === 'string' ? valueOfText(setting, given) : given;
    if (given !== undefined) offers.push({ where: flag, value, origin: { type: 'flag', flag }, base: here });
  }
  const variable = setting.environment;
  const text = variable === undefined ? undefined : sources.environment[variable];
  if (variable !== undefined && text !== undefined) {
    offers.push({
      where: variable,
      value: valueOfText(setting, text),
      origin: { type: 'environment', variable },
      base: here,
    });
  }
  const written = setting.key === undefined ? undefined : entryOf(sources.file, setting.key);
  if (written !== undefined) offers.push(written);
  if (setting.default !== undefined) {
    offers.push({ where: 'default', value: setting.default, origin: { type: 'default' }, base: sources.home ?? here });
  }
  return offers;
}

function entryOf(file: YamlFile | undefined, key: string): Offer | undefined {
  const line = file?.lines.get(key);
  if (file === undefined || line === undefined) return undefined;
  const value = key
    .split('.')
    .reduce<unknown>((inside, name) => (inside as Record<string, unknown> | null | undefined)?.[name], file.document);
  const { path } = file;
  return { where: `${path}:${line}`, value, origin: { type: 'file', path, line }, base: dirname(path) };
}

function accepts(setting: Setting, value: unknown): boolean {
  return settingShape(setting).safeParse(value).success;
}

function absolute(setting: Setting, value: unknown, base: string): unknown {
  if (setting.kind === 'secret') {
    const [, path] = /^file:(.*)$/s.exec(String(value)) ?? [];
    return path === undefined ? value : `file:${resolve(base, path)}`;
  }
  const isPath = setting.kind === 'directory' || setting.kind === 'file' || setting.kind === 'secret-file';
  if (!isPath || (setting.kind === 'secret-file' && value === '-')) return value;
  return resolve(base, String(value));
}

function wrong(setting: Setting, where: string, value: unknown): Problem {
  const fix = `Correct ${where}, or leave it out.`;
  return {
    severity: 'error',
    where,
    setting: settingName(setting),
    required: required(setting),
    offered: mayHoldSecret(setting) ? notQuoted : quoted(value),
    fix,
  };
}

/** A proxy's URL is where people put its user. */
function mayHoldSecret(setting: Setting): boolean {
  return setting.kind === 'secret' || (setting.kind === 'text' && setting.form === 'proxy');
}

function missing(setting: Setting, { filePath }: SettingSources): Problem {
  const inFile = setting.key === undefined || filePath === undefined ? [] : [`${setting.key} in ${filePath}`];
  const ways = [setting.flag, setting.environment, ...inFile].filter((way) => way !== undefined);
  return {
    severity: 'error',
    where: inFile.length === 0 ? 'configuration' : String(filePath),
    setting: settingName(setting),
    required: required(setting),
    offered: 'nothing',
    fix: `Give ${ways.join(', or ')}.`,
    missing: true,
  };
}

function required(setting: Setting): string {
  return requirementOf(jsonSchemaOf(settingShape(setting)));
}

/** How a setting is called to people: its key, else its flag. */
export function settingName(setting: Setting): string {
  return (
    setting.key ?? (setting.flag === undefined ? undefined : flagName(setting.flag)) ?? setting.environment ?? 'setting'
  );
}
