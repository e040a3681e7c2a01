import { z } from 'zod';
import { addressesMax, addressPattern, parseAddress, parseAddresses } from './address.js';
import { parseDatabaseUrl } from './database-url.js';
import type { EnvironmentVariable } from './environment-variables.js';
import { parseNetworks } from './networks.js';
import { parseProxyUrl } from './proxy-url.js';
import { secretReferencePattern } from './secret-reference.js';

interface Declared {
  /** Dotted place in the file; absent for what is not written there. */
  readonly key?: string;
  /** As commander reads it: `--log-level <level>`. */
  readonly flag?: string;
  readonly environment?: EnvironmentVariable;
  /** What it does, as the beginning of a sentence. */
  readonly description: string;
  readonly required?: true;
}

/**
 * One thing that a person may configure, declared once: validation, JSON Schema, flags, the table of the documentation and
 * what `config show` says all come from here. No kind holds a secret; `secret-file` names the file that does, and `-` there is stdin;
 * `secret` says where it is, `file:PATH` or `env:NAME`, and what is none of these is never quoted.
 */
export type Setting = Declared &
  (
    | { readonly kind: 'text'; readonly form: TextForm; readonly default?: string }
    | { readonly kind: 'number'; readonly min: number; readonly max: number; readonly default?: number }
    | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default?: string }
    | { readonly kind: 'toggle'; readonly default: boolean }
    | { readonly kind: 'directory' | 'file' | 'secret-file'; readonly default?: string }
    | { readonly kind: 'command'; readonly default?: never }
    | { readonly kind: 'secret'; readonly default?: never }
  );

/** Settings by the name that code uses. */
export type Settings = Readonly<Record<string, Setting>>;

export type TextForm = 'host' | 'address' | 'addresses' | 'networks' | 'database' | 'proxy';

type ValueOf<One extends Setting> = One extends { readonly kind: 'number' }
  ? number
  : One extends { readonly kind: 'toggle' }
    ? boolean
    : One extends { readonly kind: 'choice'; readonly choices: readonly (infer Choice)[] }
      ? Choice
      : One extends { readonly kind: 'command' }
        ? readonly string[]
        : string;

/** What settings amount to: a value for each; undefined only where neither required nor with a default. Paths are absolute. */
export type SettingValues<All extends Settings> = {
  readonly [Name in keyof All]:
    | ValueOf<All[Name]>
    | (All[Name] extends { readonly required: true } | { readonly default: unknown } ? never : undefined);
};

const pathCharactersMax = 4096;

/** The shape of one setting's value in a file. */
export function settingShape(setting: Setting): z.ZodType {
  switch (setting.kind) {
    case 'text':
      return textShapes[setting.form];
    case 'number':
      return z.int().min(setting.min).max(setting.max);
    case 'choice':
      return z.enum(setting.choices);
    case 'toggle':
      return z.boolean();
    case 'directory':
      return directoryShape;
    case 'file':
    case 'secret-file':
      return fileShape;
    case 'secret':
      return secretShape;
    case 'command':
      return commandShape;
  }
}

const textShapes: Readonly<Record<TextForm, z.ZodType>> = {
  host: z
    .string()
    .regex(/^[a-z0-9:][a-z0-9.:%_-]{0,252}$/i)
    .meta({ title: 'a host name or an IP address' }),
  address: z
    .string()
    .regex(addressPattern)
    .refine((text) => parseAddress(text) !== undefined)
    .meta({ title: 'host:port, as in fl.example.org:7443' }),
  addresses: z
    .string()
    .refine((text) => parseAddresses(text) !== undefined)
    .meta({ title: `1 to ${addressesMax} times host:port, with commas between` }),
  networks: z
    .string()
    .refine((text) => parseNetworks(text) !== undefined)
    .meta({ title: 'IP addresses or networks with commas between, as in 10.0.0.5,10.1.0.0/16,fd00::/8' }),
  database: z
    .string()
    .refine((text) => parseDatabaseUrl(text) !== undefined)
    .meta({ title: 'postgres://USER@HOST:PORT/DATABASE, without a password' }),
  proxy: z
    .string()
    .refine((text) => parseProxyUrl(text) !== undefined)
    .meta({ title: 'http://HOST:PORT, without a user', writeOnly: true }),
};

// The pattern is in the schema, so that an editor shows it; `writeOnly` keeps what was offered out of every message.
const secretShape = z
  .string()
  .regex(secretReferencePattern)
  .meta({ title: 'file:PATH or env:NAME, never the secret itself', writeOnly: true });

// Words, not a line: no shell takes them apart, so none can be made to run something else.
const commandShape = z
  .array(
    z
      .string()
      .max(pathCharactersMax)
      .refine((word) => !word.includes('\0')),
  )
  .min(1)
  .max(64)
  .refine(([program]) => program !== '')
  .meta({ title: 'a program and its arguments, a list: ["python3", "train.py"]' });

const directoryShape = pathShape('the path of a directory');
const fileShape = pathShape('the path of a file');

function pathShape(title: string): z.ZodType {
  return z
    .string()
    .min(1)
    .max(pathCharactersMax)
    .refine((text) => !text.includes('\0'))
    .meta({ title });
}

/** A flag's or variable's text as a value of the setting's type; text that is no such value stays text and fails later. */
export function valueOfText(setting: Setting, text: string): unknown {
  if (setting.kind === 'number') return /^-?[0-9]{1,15}$/.test(text) ? Number(text) : text;
  if (setting.kind === 'command') return wordsOf(text);
  if (setting.kind === 'toggle') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}

/** A list as JSON, or one program without arguments. */
function wordsOf(text: string): unknown {
  if (!text.startsWith('[')) return [text];
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** `--log-level` of `--log-level <level>`. */
export function flagName(flag: string): string {
  return flag.split(' ')[0]!;
}

/** Where commander keeps the value of a flag: `logLevel`. */
export function flagAttribute(flag: string): string {
  return flagName(flag)
    .slice(2)
    .replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Flags for commander, each with what else sets the same thing. */
export function settingOptions(settings: Settings): { readonly flags: string; readonly description: string }[] {
  return Object.values(settings).flatMap((setting) => {
    if (setting.flag === undefined) return [];
    const also = [setting.environment, setting.key].filter((name) => name !== undefined);
    const fallback = setting.default === undefined ? [] : [`default: ${setting.default}`];
    const noted = [...(also.length === 0 ? [] : [`else ${also.join(', ')}`]), ...fallback].join('; ');
    return [
      { flags: setting.flag, description: noted === '' ? setting.description : `${setting.description} (${noted})` },
    ];
  });
}
