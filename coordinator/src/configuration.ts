import type { BlockList } from 'node:net';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { bounds } from '@concordat/core';
import {
  configurationError,
  type EffectiveSetting,
  type Environment,
  type JsonSchema,
  type KernelChoice,
  kernelProblems,
  kernelsSetting,
  type Problem,
  parseAddress,
  parseAddresses,
  parseDatabaseUrl,
  parseNetworks,
  type Resolution,
  readYamlFile,
  resolveSettings,
  type Settings,
  type SettingValues,
  settingsJsonSchema,
  settingsText,
  threadsSetting,
} from '@concordat/node';
import { consortiumFiles, consortiumPath } from './consortium-files.js';
import type { PostgresLocation } from './store/postgres/connection.js';
import { type AdmissionLimits, defaultAdmission } from './transport/admission.js';
import type { Webhook } from './webhooks/webhook.js';
import { requireWebhooks } from './webhooks/webhooks-file.js';

export type LogLevel = (typeof logLevels)[number];

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Where records, models and masked vectors are kept. */
export const storeSettings = {
  store: {
    kind: 'text',
    form: 'database',
    key: 'store',
    flag: '--store <url>',
    environment: 'CONCORDAT_STORE',
    description:
      'PostgreSQL for the records, so that a second coordinator can stand by; a file in coordinator/store unless said',
  },
  storePassword: {
    kind: 'secret',
    key: 'storePassword',
    flag: '--store-password <reference>',
    environment: 'CONCORDAT_STORE_PASSWORD',
    description: 'where the password of the database is',
  },
  storeTls: {
    kind: 'choice',
    choices: ['verify', 'off'],
    key: 'storeTls',
    flag: '--store-tls <how>',
    environment: 'CONCORDAT_STORE_TLS',
    default: 'verify',
    description:
      'whether the line to the database is TLS with a certificate that is checked; a local socket needs none',
  },
  storeAuthority: {
    kind: 'file',
    key: 'storeAuthority',
    flag: '--store-authority <file>',
    environment: 'CONCORDAT_STORE_AUTHORITY',
    description: "PEM of the authority of the database's certificate; those that Node trusts unless said",
  },
  blobs: {
    kind: 'directory',
    key: 'blobs',
    flag: '--blobs <directory>',
    environment: 'CONCORDAT_BLOBS',
    description:
      'models and masked vectors, shared by all coordinators of one database; coordinator/store unless said. Only with `store`',
  },
} as const satisfies Settings;

/** What `coordinator start` may be told: flag, then environment, then `coordinator.yaml`, then default. */
export const coordinatorSettings = {
  directory: {
    kind: 'directory',
    flag: '--directory <directory>',
    environment: 'CONCORDAT_DIRECTORY',
    default: '.',
    description: "the consortium's directory, with coordinator/ in it",
  },
  address: {
    kind: 'text',
    form: 'address',
    key: 'address',
    flag: '--address <host:port>',
    environment: 'CONCORDAT_ADDRESS',
    required: true,
    description: 'what participants dial; written into every invitation',
  },
  host: {
    kind: 'text',
    form: 'host',
    key: 'listen.host',
    flag: '--host <host>',
    environment: 'CONCORDAT_HOST',
    required: true,
    description: 'interface to listen on; 0.0.0.0 is every one',
  },
  port: {
    kind: 'number',
    min: 0,
    max: 65_535,
    key: 'listen.port',
    flag: '--port <port>',
    environment: 'CONCORDAT_PORT',
    required: true,
    description: 'the one port for everything; 0 takes a free one',
  },
  connectionsPerAddress: {
    kind: 'number',
    min: 1,
    max: bounds.connectionsMax,
    key: 'listen.connectionsPerAddress',
    flag: '--connections-per-address <n>',
    environment: 'CONCORDAT_CONNECTIONS_PER_ADDRESS',
    default: bounds.connectionsPerAddressMax,
    description: 'connections taken from one address; more where participants come through one gateway',
  },
  trustedProxies: {
    kind: 'text',
    form: 'networks',
    key: 'listen.trustedProxies',
    flag: '--trusted-proxies <list>',
    environment: 'CONCORDAT_TRUSTED_PROXIES',
    description:
      'proxies in front that pass TCP through and say first where a connection comes from, by the PROXY protocol version 2: they are believed and have to say it, nobody else may',
  },
  callsPerSecond: {
    kind: 'number',
    min: 1,
    max: 100_000,
    key: 'admission.callsPerSecond',
    flag: '--calls-per-second <n>',
    environment: 'CONCORDAT_CALLS_PER_SECOND',
    default: defaultAdmission.callsPerSecond,
    description:
      'calls taken from one participant in a second, four times as many at once; answers of a round count apart',
  },
  bytesInFlight: {
    kind: 'number',
    min: 16 * 1024 * 1024,
    max: 2 ** 34,
    key: 'admission.bytesInFlight',
    flag: '--bytes-in-flight <bytes>',
    environment: 'CONCORDAT_BYTES_IN_FLIGHT',
    default: defaultAdmission.bytesInFlight,
    description: 'what calls under way may hold together; more of them wait',
  },
  queue: {
    kind: 'number',
    min: 0,
    max: 65_536,
    key: 'admission.queue',
    flag: '--queue <calls>',
    environment: 'CONCORDAT_QUEUE',
    default: defaultAdmission.queue,
    description: 'calls that wait for room, at most 5 s; more are told when to come back',
  },
  observe: {
    kind: 'text',
    form: 'address',
    key: 'observe',
    flag: '--observe <host:port>',
    environment: 'CONCORDAT_OBSERVE',
    description:
      'plain HTTP for the operator: /metrics, /healthz, /readyz; an address of the inside, e.g. 127.0.0.1:9464',
  },
  logLevel: {
    kind: 'choice',
    choices: logLevels,
    key: 'logLevel',
    flag: '--log-level <level>',
    environment: 'CONCORDAT_LOG_LEVEL',
    default: 'info',
    description: 'how much is logged on stderr',
  },
  logFormat: {
    kind: 'choice',
    choices: ['json', 'text'],
    key: 'logFormat',
    flag: '--log-format <format>',
    environment: 'CONCORDAT_LOG_FORMAT',
    default: 'json',
    description: 'json: one object a line; text: the same for people',
  },
  webhooks: {
    kind: 'file',
    key: 'webhooks',
    flag: '--webhooks <file>',
    environment: 'CONCORDAT_WEBHOOKS',
    description: 'who is told when a person should act: addresses, secrets and events, as docs/operating.md has it',
  },
  ...storeSettings,
  otherAddresses: {
    kind: 'text',
    form: 'addresses',
    key: 'otherAddresses',
    flag: '--other-addresses <list>',
    environment: 'CONCORDAT_OTHER_ADDRESSES',
    description: 'what participants dial when this coordinator does not lead: the others on the same database',
  },
  holdout: {
    kind: 'directory',
    key: 'holdout',
    flag: '--holdout <directory>',
    environment: 'CONCORDAT_HOLDOUT',
    description: "the operator's own test records: every published model is measured on them",
  },
  kernels: kernelsSetting,
  threads: {
    ...threadsSetting,
    description:
      'threads that take the masks out of a large sum; one for each core unless said, at most 4, and fewer for smaller sums',
  },
} as const satisfies Settings;

/** What the operator's commands may be told, beside their arguments. */
export const operatorSettings = {
  directory: {
    ...coordinatorSettings.directory,
    description: "the consortium's directory, with operator/ in it",
  },
  address: {
    kind: 'text',
    form: 'address',
    flag: '--address <host:port>',
    environment: 'CONCORDAT_ADDRESS',
    description: 'another address than the one in operator/operator.json',
  },
} as const satisfies Settings;

/** Everything `coordinator.yaml` and what overrides it amount to. */
export type CoordinatorSettings = SettingValues<typeof coordinatorSettings>;

/** What a running coordinator needs of it. */
export interface CoordinatorConfiguration {
  /** host:port that participants dial; written into invitations. */
  readonly address: string;
  /** Of the other coordinators on the same database, behind it in invitations. */
  readonly otherAddresses?: readonly string[];
  /** Of the records; a file below `coordinator/store` unless said. */
  readonly store?: PostgresLocation;
  /** Of blobs and spool, with `store`; `coordinator/store` unless said. */
  readonly blobs?: string;
  readonly listen: {
    readonly host: string;
    readonly port: number;
    /** As many as a front takes unless said. */
    readonly connectionsPerAddressMax?: number;
    /** Proxies in front that say where a connection comes from; none unless said. */
    readonly trustedProxies?: BlockList;
  };
  /** {@link defaultAdmission} unless said. */
  readonly admission?: AdmissionLimits;
  readonly logLevel: LogLevel;
  /** Where metrics and probes are answered; nowhere unless said. */
  readonly observe?: { readonly host: string; readonly port: number };
  /** Who is told when a person should act; nobody unless said. */
  readonly webhooks?: readonly Webhook[];
  /** `auto` unless said. */
  readonly kernels?: KernelChoice;
  /** Beside the event loop, for large sums; {@link threadsUnlessSaid} otherwise. */
  readonly threads?: number;
}

/** What a person said elsewhere than in the file. */
export interface Overrides {
  /** As commander hands them over. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly environment?: Environment;
}

/** Settings with origins and problems, and the file they were read from. */
export interface CoordinatorResolution extends Resolution<typeof coordinatorSettings> {
  readonly path: string;
  /** Whether there is such a file. */
  readonly founded: boolean;
}

/** The JSON Schema of `coordinator.yaml`. */
export function coordinatorJsonSchema(): JsonSchema {
  return settingsJsonSchema(coordinatorSettings, 'coordinator.yaml of Concordat');
}

/** Read `coordinator/coordinator.yaml` below the consortium's directory, with what overrides it. Never throws. */
export async function resolveConfiguration({
  flags = {},
  environment = {},
}: Overrides): Promise<CoordinatorResolution> {
  const { directory } = resolveSettings({ directory: coordinatorSettings.directory }, { flags, environment }).values;
  const path = consortiumPath(directory, consortiumFiles.coordinator.configuration);
  const reading = await readYamlFile(path);
  const file = reading.type === 'read' ? reading.file : undefined;
  const resolution = resolveSettings(coordinatorSettings, { flags, environment, file, filePath: path });
  const founded = reading.type !== 'absent';
  const found = [
    ...resolution.problems,
    ...kernelProblems(resolution.effective),
    ...storeProblems(resolution.effective),
  ];
  if (file !== undefined) return { ...resolution, path, founded, problems: found };
  // Nothing that the file could have said is missing then: the file is.
  const unread = reading.type === 'unusable' ? reading.problem : absent(path);
  const given = found.filter(({ missing }) => missing !== true);
  return { ...resolution, path, founded, problems: [unread, ...given] };
}

/**
 * The settings of a consortium's directory.
 *
 * @throws `invalid-argument` naming file and line, variable or flag of the first problem.
 */
export async function readSettings(overrides: Overrides): Promise<CoordinatorSettings> {
  const { values, problems } = await resolveConfiguration(overrides);
  if (problems.length > 0) throw configurationError(problems, 'concordat coordinator config check');
  return values;
}

/** What an operator's command was told. @throws `invalid-argument` naming the flag or variable. */
export function readOperatorSettings(overrides: Overrides): SettingValues<typeof operatorSettings> {
  const { flags = {}, environment = {} } = overrides;
  const { values, problems } = resolveSettings(operatorSettings, { flags, environment });
  if (problems.length > 0) throw configurationError(problems, 'the same command again');
  return values;
}

/**
 * What a running coordinator needs of the settings, with the files that they name.
 *
 * @param environment where secrets of webhooks may be.
 * @throws `invalid-argument` naming file and line of the first problem.
 */
export async function completeConfiguration(
  settings: CoordinatorSettings,
  environment: Environment,
): Promise<CoordinatorConfiguration> {
  const { webhooks: file } = settings;
  const webhooks = file === undefined ? {} : { webhooks: await requireWebhooks(file, environment) };
  return { ...configurationOf(settings), ...webhooks };
}

/** What a running coordinator needs of the settings themselves. */
export function configurationOf(settings: CoordinatorSettings): CoordinatorConfiguration {
  const { address, host, port, connectionsPerAddress, logLevel, kernels, threads } = settings;
  const { callsPerSecond, bytesInFlight, queue } = settings;
  const proxies = settings.trustedProxies === undefined ? undefined : parseNetworks(settings.trustedProxies);
  const listen = {
    host,
    port,
    connectionsPerAddressMax: connectionsPerAddress,
    ...(proxies === undefined ? {} : { trustedProxies: proxies }),
  };
  const observe = settings.observe === undefined ? undefined : parseAddress(settings.observe);
  const store = storeLocation(settings);
  return {
    address,
    listen,
    admission: { callsPerSecond, bytesInFlight, queue },
    logLevel,
    kernels,
    ...(store === undefined ? {} : { store }),
    ...(settings.blobs === undefined ? {} : { blobs: settings.blobs }),
    ...(settings.otherAddresses === undefined ? {} : { otherAddresses: parseAddresses(settings.otherAddresses) ?? [] }),
    ...(observe === undefined ? {} : { observe }),
    ...(threads === undefined ? {} : { threads }),
  };
}

/** The database that the settings name; undefined for the file. */
export function storeLocation(settings: SettingValues<typeof storeSettings>): PostgresLocation | undefined {
  const { store, storePassword: password, storeTls: tls, storeAuthority: authorityFile } = settings;
  const url = store === undefined ? undefined : parseDatabaseUrl(store);
  if (url === undefined) return undefined;
  return {
    ...url,
    tls,
    ...(password === undefined ? {} : { password }),
    ...(authorityFile === undefined ? {} : { authorityFile }),
  };
}

/** What says something of a database that is not used. */
function storeProblems(effective: readonly EffectiveSetting[]): Problem[] {
  const given = new Map(effective.map((one) => [one.setting, one]));
  if (given.get('store')?.value !== undefined) return [];
  return ['storePassword', 'storeAuthority', 'blobs']
    .filter((setting) => given.get(setting)?.value !== undefined)
    .map((setting) => ({
      severity: 'error',
      where: 'configuration',
      setting,
      required: 'a `store` that it is for',
      offered: 'none',
      fix: `Add store, or remove ${setting}.`,
    }));
}

/** One for each core, at most 4, and one only for each 4 GB to add: a second of work for 60 MB of memory. */
export function threadsUnlessSaid(): { readonly threads: number; readonly bytesPerThread: number } {
  return { threads: Math.min(4, availableParallelism()), bytesPerThread: 4e9 };
}

/** The file that init writes. */
export function configurationText(configuration: {
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Those of the store, by key. */
  readonly store?: Readonly<Record<string, string>>;
}): string {
  const { address, host, port, store = {} } = configuration;
  const values = { address, 'listen.host': host, 'listen.port': port, ...store, logLevel: 'info' };
  return settingsText(coordinatorSettings, values, basename(consortiumFiles.coordinator.schema));
}

function absent(path: string): Problem {
  return {
    severity: 'error',
    where: path,
    setting: 'file',
    required: 'the coordinator.yaml that init writes',
    offered: 'nothing',
    fix: 'Name the directory that `concordat coordinator init` made, with --directory.',
  };
}
