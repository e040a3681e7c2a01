import { completePlan, type Plan, type PlanDraft } from '@concordat/core';

const digest = 'A'.repeat(43);

/** A small plan for five organizations; `over` changes what a test is about. */
export function draft(over: Partial<PlanDraft> = {}): PlanDraft {
  return {
    consortium: 'health',
    run: 'run-1',
    purpose: 'to test',
    task: {
      model: {
        topologyDigest: digest,
        weightsDigest: digest,
        tensors: [
          { name: 'dense/kernel', shape: [2, 3] },
          { name: 'dense/bias', shape: [3] },
        ],
      },
      loss: 'categoricalCrossentropy',
      optimizer: { name: 'sgd', learningRate: 0.1 },
      batchSize: 32,
      epochs: 1,
      dataSchemaDigest: digest,
    },
    rounds: 2,
    cohort: { min: 4, size: 5 },
    maxColluders: 1,
    expires: '2031-01-01T00:00:00Z',
    clippingNorm: 4,
    weighting: 'examples',
    maxWeight: 1000,
    deadlines: { selectMillis: 5_000, readyMillis: 60_000, stepMillis: 10_000, graceMillis: 30_000 },
    ...over,
  };
}

export const examplePlan = (over: Partial<PlanDraft> = {}): Plan => completePlan(draft(over));

/** The same with a metric: after the last model it is measured, in a round of its own. */
export const measuredPlan = (over: Partial<PlanDraft> = {}): Plan =>
  examplePlan({ metrics: [{ name: 'accuracy', kind: 'rate', max: 1 }], ...over });

/** The plan as a person would write it, one field to a line. */
export const planText = (over: Partial<PlanDraft> = {}): string => JSON.stringify(measuredPlan(over), null, 2);
