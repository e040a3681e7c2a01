import { writeFileSync } from 'node:fs';
import { openClientSdk } from '../doors.js';
import type { DemoOptions } from './options.js';
import { purpose } from './policy.js';
import type { RoundTerms } from './thresholds.js';
import type { ParticipantView } from './view.js';

const pixels = 28;
const planDays = 30;

/** Write the untrained network as a tfjs layers model: the 784-200-200-10 perceptron of McMahan et al. 2017. */
export async function writeInitialModel(directory: string, seed: number): Promise<void> {
  const { denseNetwork, writeTfjsDirectory } = await openClientSdk();
  const network = denseNetwork({ inputs: pixels * pixels, hidden: [200, 200], classes: 10, seed: `demo/${seed}` });
  await writeTfjsDirectory(directory, network);
}

/** Write what the participants are asked to sign up to; the model's digests are filled in when it is proposed. */
export async function writePlan(
  path: string,
  {
    terms,
    options,
    participants,
    run,
    parent,
  }: {
    readonly terms: RoundTerms;
    readonly options: DemoOptions;
    readonly participants: readonly ParticipantView[];
    readonly run: string;
    /** Hash of the plan this one continues, hex. */
    readonly parent?: string;
  },
): Promise<void> {
  const { dataSchemaDigest, imagesSchema } = await openClientSdk();
  const draft = {
    run,
    purpose,
    task: {
      loss: 'categoricalCrossentropy',
      optimizer: { name: 'sgd', learningRate: 0.1 },
      batchSize: 32,
      epochs: 1,
      dataSchemaDigest: dataSchemaDigest(imagesSchema(pixels, pixels)),
    },
    rounds: options.rounds,
    cohort: { min: terms.cohort.min, size: terms.cohort.size, max: terms.cohort.max },
    reportingGoal: terms.reportingGoal,
    minSurvivors: terms.minSurvivors,
    maxColluders: terms.maxColluders,
    deadlines: {
      selectMillis: 5_000,
      readyMillis: 60_000,
      graceMillis: 30_000,
      stepMillis: 10_000,
      leaseBytesPerSecond: leaseBytesPerSecond,
    },
    onShortfall: { action: 'retry', times: 3 },
    weighting: 'examples',
    // W: nobody holds more, so the integer weights are the exact shares.
    maxWeight: Math.max(...participants.map(({ examples }) => examples)),
    // Deltas have norms of about 4.6 in the first round and 1.3 in the last: nothing is clipped.
    clippingNorm: 8,
    // Lanes of 8 bits are fine enough when rotated; else rounding would add more than the deltas hold.
    lanes: options.rotation === 'hadamard' ? { bits: 16, quantBits: 8 } : { bits: 24, quantBits: 16 },
    rotation: options.rotation,
    metrics: [
      { name: 'accuracy', kind: 'rate', max: 1 },
      { name: 'loss', kind: 'bounded', max: 10 },
    ],
    expires: new Date(Date.now() + planDays * 24 * 3_600_000).toISOString(),
    ...(parent === undefined ? {} : { parent: Buffer.from(parent, 'hex').toString('base64url') }),
  };
  writeFileSync(path, `${JSON.stringify(draft, undefined, 2)}\n`);
}

// A lease lengthens the upload step by size ÷ rate; at this rate the 598 kB of an update (400 kB rotated) add a quarter of a second.
const leaseBytesPerSecond = 2_500_000;
