import {
  configurationError,
  type Environment,
  type JsonSchema,
  kernelProblems,
  kernelsSetting,
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

/** What `participant serve` may be told: flag, then environment, then `participant.yaml` in the directory, then default. */
export const participantSettings = {
  directory,
  data: {
    kind: 'directory',
    key: 'data',
    flag: '--data <directory>',
    environment: 'CONCORDAT_DATA',
    required: true,
    description: 'directory with images.idx3-ubyte and labels.idx1-ubyte: the records, which stay here',
  },
  policy: {
    kind: 'file',
    key: 'policy',
    flag: '--policy <file>',
    environment: 'CONCORDAT_POLICY',
    default: 'policy.yaml',
    description: 'the policy file; without it every plan is refused',
  },
  engine: {
    kind: 'choice',
    choices: engineNames,
    key: 'engine',
    flag: '--engine <name>',
    environment: 'CONCORDAT_ENGINE',
    description: 'only this training engine; the fastest that loads unless said',
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

/** What `participant recover` may be told. */
export const recoverSettings = { directory } as const satisfies Settings;

/** What `participant verify-round` may be told, beside what to check; `participant.yaml` in the directory counts as for `serve`. */
export const verifyRoundSettings = { directory, kernels: kernelsSetting } as const satisfies Settings;

/** What `participant plan show` may be told beside the plan; the file counts alike. */
export const planSettings = { directory, policy: participantSettings.policy } as const satisfies Settings;

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
  const problems = [...unread, ...resolution.problems, ...kernelProblems(resolution.effective)];
  return { ...resolution, problems, path, written: reading.type !== 'absent' };
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
  const { directory, kernels } = await readSome(overrides, verifyRoundSettings, 'verify-round');
  return { directory, kernels };
}

/** The same for `participant plan show`. @throws as {@link readParticipantSettings}. */
export async function readPlanSettings(overrides: Overrides): Promise<SettingValues<typeof planSettings>> {
  const { directory, policy } = await readSome(overrides, planSettings, 'plan show');
  return { directory, policy };
}

async function readSome(overrides: Overrides, wanted: Settings, command: string): Promise<ParticipantSettings> {
  const { values, problems } = await resolveParticipant(overrides);
  const isOurs = (setting: string) => Object.hasOwn(wanted, setting) || !Object.hasOwn(participantSettings, setting);
  const ours = problems.filter(({ setting, severity }) => severity === 'error' && isOurs(setting));
  if (ours.length > 0) throw configurationError(ours, `concordat participant ${command} --help`);
  return values;
}

/** The file that enroll leaves: every setting with what it does, as a comment. */
export function participantText(): string {
  return settingsText(participantSettings, {}, participantFiles.schema);
}
