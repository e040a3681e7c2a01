import {
  completePlan,
  encodeSafetensors,
  type NamedTensor,
  type Plan,
  type PlanDraft,
  toBase64url,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';

/** What a plan trains: its topology's bytes and its first weights. */
export interface PlannedModel {
  readonly topology: Uint8Array;
  readonly tensors: readonly NamedTensor[];
}

/** A task on a model that no data schema binds. */
export function taskOn(
  { topology, tensors }: PlannedModel,
  change: Partial<PlanDraft['task']> = {},
): PlanDraft['task'] {
  const digest = (bytes: Uint8Array) => toBase64url(nodeCrypto.sha256(bytes));
  return {
    model: {
      topologyDigest: digest(topology),
      weightsDigest: digest(encodeSafetensors(tensors)),
      tensors: tensors.map(({ name, shape }) => ({ name, shape })),
    },
    loss: 'categoricalCrossentropy',
    optimizer: { name: 'sgd', learningRate: 0.1 },
    batchSize: 32,
    epochs: 1,
    dataSchemaDigest: toBase64url(new Uint8Array(32)),
    ...change,
  };
}

/** Two rounds of run "spring" of consortium "demo", c = 1, nothing computed anew. @param draft the rest, and what is otherwise. */
export function testPlan(
  model: PlannedModel,
  draft: Partial<PlanDraft> & Pick<PlanDraft, 'cohort' | 'clippingNorm'>,
): Plan {
  return completePlan({
    consortium: 'demo',
    run: 'spring',
    purpose: 'test',
    task: taskOn(model),
    rounds: 2,
    minSurvivors: 3,
    maxColluders: 1,
    expires: '2099-01-01T00:00:00Z',
    weighting: 'equal',
    aggregateCheck: 'off',
    transcriptRetention: 0,
    ...draft,
  });
}
