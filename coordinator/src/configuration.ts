import { readFile } from 'node:fs/promises';
import { FederatedError } from '@concordat/core';
import { load } from 'js-yaml';
import { z } from 'zod';
import { consortiumFiles, consortiumPath } from './consortium-files.js';

/** `coordinator.yaml`. Flags win over `CONCORDAT_*`, these over the file, the file over defaults. */
export interface CoordinatorConfiguration {
  /** host:port that participants dial; written into invitations. */
  readonly address: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly logLevel: LogLevel;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const schema = z.strictObject({
  address: z.string().regex(/^[^\s/]{1,253}:\d{1,5}$/, 'must be host:port'),
  listen: z.strictObject({ host: z.string().min(1).max(253), port: z.number().int().min(0).max(65_535) }),
  logLevel: z.enum(logLevels).default('info'),
});

/** Values from flags and the environment, as text. */
export interface ConfigurationOverrides {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly logLevel?: string | undefined;
}

/**
 * Read `coordinator/coordinator.yaml` below a consortium's directory.
 *
 * @throws `invalid-argument` naming the field when the file is absent, not YAML or out of range.
 */
export async function readConfiguration(
  directory: string,
  flags: ConfigurationOverrides = {},
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<CoordinatorConfiguration> {
  const path = consortiumPath(directory, consortiumFiles.coordinator.configuration);
  const file = await parseFile(path);
  const host = flags.host ?? environment.CONCORDAT_HOST;
  const port = flags.port ?? environment.CONCORDAT_PORT;
  const logLevel = flags.logLevel ?? environment.CONCORDAT_LOG_LEVEL;
  const listen = typeof file.listen === 'object' && file.listen !== null ? file.listen : {};
  const merged = {
    ...file,
    listen: {
      ...listen,
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port: Number(port) }),
    },
    ...(logLevel === undefined ? {} : { logLevel }),
  };
  const parsed = schema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new FederatedError('invalid-argument', `${path}: ${issue.path.join('.') || 'file'} ${issue.message}`, {
    detail: { path, field: issue.path.join('.') },
    fix: 'Correct that field, or the flag or CONCORDAT_ variable that replaces it.',
  });
}

/** The file that init writes. */
export function configurationText(configuration: {
  readonly address: string;
  readonly host: string;
  readonly port: number;
}): string {
  return [
    '# What participants dial; written into every invitation.',
    `address: ${JSON.stringify(configuration.address)}`,
    '# Where this machine listens: one port for everything.',
    'listen:',
    `  host: ${JSON.stringify(configuration.host)}`,
    `  port: ${configuration.port}`,
    'logLevel: info',
    '',
  ].join('\n');
}

async function parseFile(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new FederatedError('invalid-argument', `${path} cannot be read`, {
      detail: { path },
      fix: 'Name the directory that `concordat coordinator init` made, with --directory.',
      cause,
    });
  }
  let document: unknown;
  try {
    document = load(text);
  } catch (cause) {
    throw new FederatedError('invalid-argument', `${path} is not YAML`, { detail: { path }, cause });
  }
  if (typeof document === 'object' && document !== null) return document as Record<string, unknown>;
  throw new FederatedError('invalid-argument', `${path} is empty`, { detail: { path } });
}
