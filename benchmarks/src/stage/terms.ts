import { completePlan, type Plan, type TensorShape } from '@concordat/core';
import type { Question } from '../measurement.js';

/** Names that the plan and the participants' policies agree on. */
export const consortiumName = 'benchmark';
export const operatorName = 'operator';
export const planPurpose = 'measurement';
export const runId = 'measured';

/** What each participant's training adds to every weight. */
export const step = 0.0625;

/** A model of d values in at most ten tensors. */
export function tensorsOf(parameters: number): TensorShape[] {
  const size = Math.ceil(parameters / 10);
  const shapes: TensorShape[] = [];
  for (let at = 0, layer = 0; at < parameters; at += size, layer++) {
    shapes.push({ name: `layer-${layer}`, shape: [Math.min(size, parameters - at)] });
  }
  return shapes;
}

/** Rounds of everybody, with time for machines that do other work beside. */
export function planOf(
  { participants, parameters, bits }: Question,
  {
    rounds,
    aggregateCheck = 'on',
    ...digests
  }: {
    readonly topologyDigest: string;
    readonly weightsDigest: string;
    readonly rounds: number;
    readonly aggregateCheck?: 'on' | 'off';
  },
): Plan {
  const n = participants;
  return completePlan({
    consortium: consortiumName,
    run: runId,
    purpose: planPurpose,
    task: {
      model: { ...digests, tensors: tensorsOf(parameters) },
      loss: 'meanSquaredError',
      optimizer: { name: 'sgd', learningRate: 0.1 },
      batchSize: 1,
      epochs: 1,
      dataSchemaDigest: digests.topologyDigest,
    },
    rounds,
    cohort: { min: n, size: n },
    expires: '2099-01-01T00:00:00Z',
    // Nothing is clipped, and twice the step is one more than a lane can say.
    clippingNorm: Math.max(1, 2 * step * Math.sqrt(parameters)),
    lanes: { bits, quantBits: bits === 16 ? 8 : 16 },
    weighting: 'equal',
    aggregateCheck,
    transcriptRetention: aggregateCheck === 'on' ? 2 : 0,
    deadlines: {
      selectMillis: 60_000,
      readyMillis: 3_600_000,
      stepMillis: 1_200_000,
      graceMillis: 600_000,
      leaseBytesPerSecond: 1_000_000,
    },
  });
}
