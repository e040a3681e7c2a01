import {
  configurationError,
  type EffectiveSetting,
  type Environment,
  type JsonSchema,
  kernelProblems,
  kernelsSetting,
  type Problem,
  type Resolution,
  readYamlFile,
  resolveSettings,
  type Settings,
  type SettingValues,
  settingsJsonSchema,
  settingsText,
  threadsSetting,
} from '@concordat/node';
import { participantFile, participantFiles } from '../keys/participant-files.js';
import { engineNames } from '../trainer/engine-names.js';

const directory = {
  kind: 'directory',
  flag: '--directory <directory>',
  environment: 'CONCORDAT_DIRECTORY',
  required: true,
  description: 'the participant directory, which enroll fills',
} as const;

const identityModule = {
  kind: 'file',
  flag: '--identity-module <file>',
  environment: 'CONCORDAT_IDENTITY_MODULE',
  description:
    'JavaScript module that exports publicKey and sign, for an identity key that is kept elsewhere than in the directory',
} as const;

/** What `participant serve` may be told: flag, then environment, then `participant.yaml` in the directory, then default. */
export const participantSettings = {
  directory,
  data: {
    kind: 'directory',
    key: 'data',
    flag: '--data <directory>',
    environment: 'CONCORDAT_DATA',
    required: true,
    description:
      'directory with data.yaml, else with images.idx3-ubyte and labels.idx1-ubyte: the records, which stay here',
  },
  policy: {
    kind: 'file',
    key: 'policy',
    flag: '--policy <file>',
    environment: 'CONCORDAT_POLICY',
    default: 'policy.yaml',
    description: 'the policy file; without it every plan is refused',
  },
  identityModule: { ...identityModule, key: 'identity.module' },
  engine: {
    kind: 'choice',
    choices: engineNames,
    key: 'engine',
    flag: '--engine <name>',
    environment: 'CONCORDAT_ENGINE',
    description: 'only this training engine; the fastest that loads unless said',
  },
  nice: {
    kind: 'number',
    min: 0,
    max: 19,
    key: 'nice',
    flag: '--nice <n>',
    environment: 'CONCORDAT_NICE',
    description: 'how far the training thread steps back for everything else on this machine, as nice(1); on Linux',
  },
  trainerLaunch: {
    kind: 'command',
    key: 'trainer.launch',
    flag: '--trainer-launch <command>',
    environment: 'CONCORDAT_TRAINER_LAUNCH',
    description:
      'train with this program, run in the participant directory, instead of an engine; the policy has to allow it',
  },
  trainerAttach: {
    kind: 'directory',
    key: 'trainer.attach',
    flag: '--trainer-attach <directory>',
    environment: 'CONCORDAT_TRAINER_ATTACH',
    description:
      'train with a program that attaches to the socket in this directory, which only its owner can read; the policy has to allow it',
  },
  trainerStartSeconds: {
    kind: 'number',
    min: 1,
    max: 86_400,
    key: 'trainer.startSeconds',
    default: 120,
    description: 'how long such a program may take to say hello, and a round waits for one',
  },
  trainerSilentSeconds: {
    kind: 'number',
    min: 1,
    max: 86_400,
    key: 'trainer.silentSeconds',
    default: 60,
    description: 'how long it may say nothing while it works',
  },
  uploadBytesPerSecond: {
    kind: 'number',
    min: 1,
    max: 1_000_000_000_000,
    key: 'uploadBytesPerSecond',
    flag: '--upload-bytes-per-second <n>',
    environment: 'CONCORDAT_UPLOAD_BYTES_PER_SECOND',
    description: 'send no faster than this; the policy may ask for less',
  },
  proxy: {
    kind: 'text',
    form: 'proxy',
    key: 'proxy',
    flag: '--proxy <url>',
    environment: 'CONCORDAT_PROXY',
    description:
      'HTTP proxy that the line to the coordinator goes through, by CONNECT; else grpc_proxy, https_proxy, http_proxy and no_proxy count',
  },
  proxyUser: {
    kind: 'secret',
    key: 'proxyUser',
    environment: 'CONCORDAT_PROXY_USER',
    description: 'user:password for the proxy',
  },
  standby: {
    kind: 'toggle',
    key: 'standby',
    flag: '--standby',
    environment: 'CONCORDAT_STANDBY',
    default: false,
    description: 'while another process uses the directory, wait for it to end, then take over',
  },
  kernels: kernelsSetting,
  threads: {
    ...threadsSetting,
    default: 1,
    description: 'threads that encode and mask a large update, beside the event loop',
  },
  once: {
    kind: 'toggle',
    key: 'once',
    flag: '--once',
    environment: 'CONCORDAT_ONCE',
    default: false,
    description: 'end when a run has finished',
  },
} as const satisfies Settings;

/** What `participant enroll` may be told. There is no file yet; the invitation's secret is read from a file or stdin. */
export const enrolSettings = {
  directory: { ...directory, description: 'the participant directory; made if it is missing' },
  invitationFile: {
    kind: 'secret-file',
    flag: '--invitation-file <file>',
    environment: 'CONCORDAT_INVITATION_FILE',
    required: true,
    description: 'the invitation that the operator sent, or - to read it from stdin',
  },
  identityModule,
  proxy: {
    kind: 'text',
    form: 'proxy',
    flag: '--proxy <url>',
    environment: 'CONCORDAT_PROXY',
    description:
      'HTTP proxy that the line to the coordinator goes through; else grpc_proxy, https_proxy and http_proxy',
  },
  proxyUser: {
    kind: 'secret',
    environment: 'CONCORDAT_PROXY_USER',
    description: 'user:password for the proxy',
  },
  wait: {
    kind: 'number',
    min: 0,
    max: 9_999_999,
    flag: '--wait <seconds>',
    environment: 'CONCORDAT_WAIT',
    default: 600,
    description: 'how long to wait to be admitted, in seconds; 0 asks once',
  },
} as const satisfies Settings;

/** What commands may be told that look at a participant directory, or write down a decision there. */
export const directorySettings = { directory } as const satisfies Settings;

/** What commands may be told that open the participant's keys; of its file nothing else counts. */
export const keySettings = {
  directory,
  identityModule: participantSettings.identityModule,
} as const satisfies Settings;

/** What `participant verify-round` may be told, beside what to check; `participant.yaml` in the directory counts as for `serve`. */
export const verifyRoundSettings = { ...keySettings, kernels: kernelsSetting } as const satisfies Settings;

/** What `participant plan show` may be told beside the plan; the file counts alike. */
export const planSettings = { ...keySettings, policy: participantSettings.policy } as const satisfies Settings;

/** What `participant data …` may be told: where the records are. Of the file, once there is one, no more counts than that. */
export const dataSettings = { data: participantSettings.data } as const satisfies Settings;

/** What `participant trainer check` may be told; the file counts alike. */
export const trainerSettings = {
  directory,
  data: participantSettings.data,
  policy: participantSettings.policy,
  trainerLaunch: participantSettings.trainerLaunch,
  trainerAttach: participantSettings.trainerAttach,
  trainerStartSeconds: participantSettings.trainerStartSeconds,
  trainerSilentSeconds: participantSettings.trainerSilentSeconds,
} as const satisfies Settings;

/** Everything `participant.yaml` and what overrides it amount to. Paths are absolute. */
export type ParticipantSettings = SettingValues<typeof participantSettings>;

/** What a person said elsewhere than in the file. */
export interface Overrides {
  /** As commander hands them over. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly environment?: Environment;
}

/** Settings with origins and problems. */
export interface ParticipantResolution extends Resolution<typeof participantSettings> {
  /** Absolute; absent when no directory is known. */
  readonly path?: string;
  /** Whether there is such a file: it need not exist. */
  readonly written: boolean;
}

/** The JSON Schema of `participant.yaml`. */
export function participantJsonSchema(): JsonSchema {
  return settingsJsonSchema(participantSettings, 'participant.yaml of Concordat');
}

/** Read `participant.yaml` in the participant directory, if there is one, with what overrides it. Never throws. */
export async function resolveParticipant({ flags = {}, environment = {} }: Overrides): Promise<ParticipantResolution> {
  const home = resolveSettings({ directory }, { flags, environment }).values.directory as string | undefined;
  if (home === undefined) return { ...resolveSettings(participantSettings, { flags, environment }), written: false };
  const path = participantFile(home, 'configuration');
  const reading = await readYamlFile(path);
  const file = reading.type === 'read' ? reading.file : undefined;
  const resolution = resolveSettings(participantSettings, { flags, environment, file, filePath: path, home });
  const unread = reading.type === 'unusable' ? [reading.problem] : [];
  const { effective } = resolution;
  const problems = [...unread, ...resolution.problems, ...kernelProblems(effective), ...trainerProblems(effective)];
  return { ...resolution, problems, path, written: reading.type !== 'absent' };
}

/** One trainer only: what was said of a second one would be passed over. */
function trainerProblems(effective: readonly EffectiveSetting[]): Problem[] {
  const said = effective.filter(
    ({ setting, value }) => ['engine', 'trainer.launch', 'trainer.attach'].includes(setting) && value !== undefined,
  );
  if (said.length < 2) return [];
  const names = said.map(({ setting }) => setting);
  return [
    {
      severity: 'error',
      where: 'configuration',
      setting: names[1]!,
      required: 'one of engine, trainer.launch and trainer.attach',
      offered: names.join(' and '),
      fix: `Leave ${names.slice(1).join(' and ')} out, or ${names[0]}.`,
    },
  ];
}

/**
 * The settings of a participant directory, for `participant serve` and for programs that embed the client.
 *
 * @throws `invalid-argument` naming file and line, variable or flag of the first problem.
 */
export async function readParticipantSettings(overrides: Overrides): Promise<ParticipantSettings> {
  const { values, problems } = await resolveParticipant(overrides);
  if (problems.length > 0) throw configurationError(problems, 'concordat participant config check');
  return values;
}

/**
 * The same for `participant verify-round`: of the file it needs no more than its own settings, whatever else is lacking.
 *
 * @throws as {@link readParticipantSettings}.
 */
export async function readVerifyRoundSettings(
  overrides: Overrides,
): Promise<SettingValues<typeof verifyRoundSettings>> {
  const { directory, identityModule, kernels } = await readSome(overrides, verifyRoundSettings, 'verify-round');
  return { directory, identityModule, kernels };
}

/** The same for `participant plan show`; `data` where it is set. @throws as {@link readParticipantSettings}. */
export async function readPlanSettings(
  overrides: Overrides,
): Promise<SettingValues<typeof planSettings> & { readonly data: string | undefined }> {
  const { directory, identityModule, policy, data } = await readSome(overrides, planSettings, 'plan show');
  return { directory, identityModule, policy, data };
}

/** The same for `participant data …`, which needs no participant directory yet. @throws as {@link readParticipantSettings}. */
export async function readDataSettings(overrides: Overrides): Promise<SettingValues<typeof dataSettings>> {
  const { flags = {}, environment = {} } = overrides;
  if (resolveSettings({ directory }, { flags, environment }).values.directory !== undefined) {
    const { data } = await readSome(overrides, dataSettings, 'data');
    return { data };
  }
  const { values, problems } = resolveSettings(dataSettings, { flags, environment });
  if (problems.length > 0) throw configurationError(problems, 'concordat participant data --help');
  return values;
}

/** The same for `participant trainer check`. @throws as {@link readParticipantSettings}. */
export function readTrainerSettings(overrides: Overrides): Promise<ParticipantSettings> {
  return readSome(overrides, trainerSettings, 'trainer check');
}

async function readSome(overrides: Overrides, wanted: Settings, command: string): Promise<ParticipantSettings> {
  const { values, problems } = await resolveParticipant(overrides);
  const keys = (all: Settings) => Object.entries(all).map(([name, { key }]) => key ?? name);
  const isOurs = (setting: string) => keys(wanted).includes(setting) || !keys(participantSettings).includes(setting);
  const ours = problems.filter(({ setting, severity }) => severity === 'error' && isOurs(setting));
  if (ours.length > 0) throw configurationError(ours, `concordat participant ${command} --help`);
  return values;
}

/** The file that enroll leaves: every setting with what it does, as a comment where it has no value. @param values by dotted key. */
export function participantText(values: Readonly<Record<string, string>> = {}): string {
  return settingsText(participantSettings, values, participantFiles.schema);
}
