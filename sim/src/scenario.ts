import { bounds, FederatedError } from '@concordat/core';
import { checkDocument, parseYaml, problemLine, type YamlFile } from '@concordat/node';
import { z } from 'zod';
import { trainSchema } from './training/train-terms.js';

/** Where a participant can leave a round: before it answers this step. */
export const dropSteps = ['train', 'advertise', 'share', 'confirm', 'upload', 'certify', 'reveal'] as const;

export type DropStep = (typeof dropSteps)[number];

const nameRequired = 'lower-case letters, digits and hyphens, at most 63';

const count = (max: number) => z.number().int().min(1).max(max);
const millis = z.number().int().min(1).max(bounds.durationMillisMax);

const dropSchema = z.union(
  [
    z.strictObject({
      round: count(bounds.roundsMax),
      /** Its place among the participants, 1 … n. */
      participant: count(bounds.rosterMembersMax),
      step: z.enum(dropSteps),
    }),
    z.strictObject({
      round: count(bounds.roundsMax),
      /** Of all participants; who they are follows from the seed. Rounded to the nearest number of them. */
      share: z.number().gt(0).max(1),
      step: z.enum(dropSteps),
    }),
  ],
  {
    error: `{round, participant, step} with a place from 1, or {round, share, step} with a share above 0 and up to 1; step is one of ${dropSteps.join(', ')}`,
  },
);

const scenarioSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, nameRequired)
    .meta({ title: nameRequired }),
  seed: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(1),
  /** Who trains where nothing is learned: `fixed-deltas`, seeded random deltas of so many `parameters`. */
  engine: z.literal('fixed-deltas').default('fixed-deltas'),
  /** What is learned, instead. */
  train: trainSchema.optional(),
  participants: z.number().int().min(bounds.cohortMin).max(bounds.rosterMembersMax),
  rounds: count(10_000),
  cohort: z
    .strictObject({
      min: count(bounds.cohortMax),
      size: count(bounds.rosterMembersMax),
      max: count(bounds.cohortMax),
      overSelection: z.number().min(1).max(bounds.overSelectionMax).optional(),
    })
    .optional(),
  /** As in a plan. */
  mode: z
    .union([
      z.literal('sync'),
      z.strictObject({
        async: z.strictObject({
          bufferSize: count(bounds.cohortMax),
          maxStaleness: z.number().int().min(0).max(bounds.stalenessMax),
          stalenessWeight: z.enum(['none', 'inverse-sqrt', 'inverse']),
        }),
      }),
    ])
    .default('sync'),
  /** How the sums of several secure groups become a model; as in a plan. */
  groups: z
    .discriminatedUnion('combine', [
      z.strictObject({ combine: z.literal('sum'), min: count(bounds.cohortMax).optional() }),
      z.strictObject({ combine: z.literal('median'), min: count(bounds.cohortMax).optional() }),
      z.strictObject({
        combine: z.literal('trimmed-mean'),
        trimPercent: z.number().gt(0).lt(50),
        min: count(bounds.cohortMax).optional(),
      }),
    ])
    .optional(),
  reportingGoal: count(bounds.rosterMembersMax).optional(),
  minSurvivors: z.number().int().min(bounds.cohortMin).max(bounds.cohortMax).optional(),
  maxColluders: z.number().int().min(0).max(bounds.cohortMax).optional(),
  parameters: count(10_000_000).default(1000),
  bits: z.literal([16, 24, 32]).default(24),
  quantBits: z.number().int().min(2).max(24).optional(),
  /** Default: as the plan's default. */
  rotation: z.enum(['none', 'hadamard']).optional(),
  clippingNorm: z.number().positive().max(1e6).default(8),
  weighting: z.enum(['equal', 'powers-of-two', 'examples']).default('examples'),
  /** Whether updates carry a metric, and the last model is measured in a round of its own. */
  metrics: z.boolean().default(true),
  deadlines: z
    .strictObject({
      selectMillis: millis.default(5000),
      readyMillis: millis.default(60_000),
      graceMillis: millis.default(30_000),
      stepMillis: millis.default(10_000),
    })
    .default({ selectMillis: 5000, readyMillis: 60_000, graceMillis: 30_000, stepMillis: 10_000 }),
  link: z
    .strictObject({
      latencyMillis: z.number().min(0).max(60_000).default(20),
      uploadBytesPerSecond: z.number().positive().default(12_500_000),
    })
    .default({ latencyMillis: 20, uploadBytesPerSecond: 12_500_000 }),
  /** Further attempts after a shortfall before the run is aborted. */
  retries: z.number().int().min(0).max(1000).default(3),
  /** Virtual milliseconds of one local training, for the fastest and the slowest participant. */
  trainMillis: z
    .strictObject({ min: z.number().min(0).default(1000), max: z.number().min(0).default(3000) })
    .default({ min: 1000, max: 3000 }),
  drops: z.array(dropSchema).max(100_000).default([]),
});

/** What a person writes; everything but name, participants and rounds has a default. */
export type ScenarioInput = z.input<typeof scenarioSchema>;

type Parsed = z.output<typeof scenarioSchema>;

/** A scenario with every default filled in. */
export interface Scenario
  extends Omit<Parsed, 'cohort' | 'reportingGoal' | 'minSurvivors' | 'maxColluders' | 'quantBits'> {
  readonly cohort: {
    readonly min: number;
    readonly size: number;
    readonly max: number;
    readonly overSelection?: number | undefined;
  };
  readonly reportingGoal: number;
  readonly minSurvivors: number;
  readonly maxColluders: number;
  readonly quantBits: number;
}

/** A setting of a scenario that a command line gives: `train.partition.name=iid`, the value in YAML. */
export interface Override {
  readonly path: string;
  readonly value: unknown;
}

/**
 * Read a scenario from YAML.
 *
 * @param source file name or other origin, for the message.
 * @param overrides take the place of what the file says.
 * @throws `invalid-argument` with each wrong line, what is required there and what to do.
 */
export function parseScenario(text: string, source: string, overrides: readonly Override[] = []): Scenario {
  const reading = parseYaml(text, source);
  if (reading.type === 'unusable') throw unusable([problemLine(reading.problem)]);
  const file = overrides.reduce(overridden, reading.file);
  const problems = checkDocument(file, scenarioSchema).map((problem) => {
    const given = overrides.find(({ path }) => problem.setting === path || problem.setting.startsWith(`${path}.`));
    return problemLine(given === undefined ? problem : { ...problem, where: `--set ${given.path}` });
  });
  if (problems.length > 0) throw unusable(problems);
  return complete(scenarioSchema.parse(file.document), source);
}

function unusable([first, ...more]: readonly string[]): FederatedError {
  return new FederatedError('invalid-argument', [first, ...more].join(' '), {
    detail: { problems: [first!, ...more] },
    fix: more.length === 0 ? 'Correct it, or start from sim/scenarios/five.yaml.' : 'Correct all of these.',
  });
}

function overridden(file: YamlFile, { path, value }: Override): YamlFile {
  const into = (inside: unknown, [key, ...rest]: readonly string[]): unknown => {
    if (key === undefined) return value;
    if (Array.isArray(inside)) return inside.map((one, i) => (String(i) === key ? into(one, rest) : one));
    const entries = typeof inside === 'object' && inside !== null && !Array.isArray(inside) ? inside : {};
    return { ...entries, [key]: into((entries as Record<string, unknown>)[key], rest) };
  };
  return { ...file, document: into(file.document, path.split('.')) as YamlFile['document'] };
}

/**
 * Check a scenario and fill in its defaults.
 *
 * @throws `invalid-argument` naming each wrong field and what is allowed there.
 */
export function checkScenario(document: unknown, source = 'the scenario'): Scenario {
  const parsed = scenarioSchema.safeParse(document);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'document'}: ${issue.message}`);
    throw new FederatedError(
      'invalid-argument',
      `${source} has ${problems.length} wrong field(s): ${problems.join('; ')}`,
      {
        detail: { source, problems },
        fix: 'Correct the fields named, or start from sim/scenarios/five.yaml.',
      },
    );
  }
  return complete(parsed.data, source);
}

function complete(parsed: Parsed, source: string): Scenario {
  const scenario = withDefaults(parsed);
  requireDrops(scenario, source);
  return scenario;
}

function requireDrops(scenario: Scenario, source: string): void {
  const { drops, participants } = scenario;
  for (const drop of drops) {
    if ('share' in drop || drop.participant <= participants) continue;
    throw new FederatedError(
      'invalid-argument',
      `${source}: drops name participant ${drop.participant} of ${participants}`,
      { fix: `Name a participant from 1 to ${participants}.` },
    );
  }
  for (const round of new Set(drops.map((drop) => drop.round))) {
    const named = new Set(drops.flatMap((drop) => ('share' in drop || drop.round !== round ? [] : [drop.participant])));
    const shared = drops.flatMap((drop) =>
      'share' in drop && drop.round === round ? [countOf(scenario, drop.share)] : [],
    );
    const leaving = shared.reduce((sum, one) => sum + one, named.size);
    if (leaving <= participants) continue;
    throw new FederatedError(
      'invalid-argument',
      `${source}: drops have ${leaving} of ${participants} participants leave round ${round}`,
      { fix: `Let the shares of round ${round}, and who is named for it, be at most everybody.` },
    );
  }
}

/** How many a share of all participants is. */
export function countOf({ participants }: Pick<Scenario, 'participants'>, share: number): number {
  return Math.round(share * participants);
}

function withDefaults(parsed: Parsed): Scenario {
  const n = parsed.participants;
  const cohort = parsed.cohort ?? { min: Math.max(bounds.cohortMin, Math.min(n, Math.ceil(0.8 * n))), size: n, max: n };
  const min = cohort.min;
  return {
    ...parsed,
    cohort,
    reportingGoal: parsed.reportingGoal ?? min * (parsed.groups?.min ?? 1),
    minSurvivors: parsed.minSurvivors ?? bounds.cohortMin,
    maxColluders: parsed.maxColluders ?? Math.max(0, Math.min(min - 2 * Math.floor((min - 1) / 3) - 1, min - 2)),
    quantBits: parsed.quantBits ?? { 16: 8, 24: 16, 32: 16 }[parsed.bits],
  };
}
