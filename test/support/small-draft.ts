import type { PlanDraft } from '@concordat/core';

const digest = 'A'.repeat(43);

/** A plan of two parameters, whose models are nowhere: to be compared, read and refused. */
export const smallDraft: PlanDraft = {
  consortium: 'north',
  run: 'spring',
  purpose: 'read handwritten digits',
  rounds: 3,
  cohort: { min: 5, size: 5 },
  clippingNorm: 4,
  expires: '2030-01-01T00:00:00Z',
  task: {
    model: { topologyDigest: digest, weightsDigest: digest, tensors: [{ name: 'w', shape: [2] }] },
    loss: 'meanSquaredError',
    optimizer: { name: 'sgd', learningRate: 0.1 },
    batchSize: 32,
    epochs: 1,
    dataSchemaDigest: digest,
  },
};
