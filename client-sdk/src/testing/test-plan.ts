import {
  completePlan,
  encodeSafetensors,
  type NamedTensor,
  type Plan,
  type PlanDraft,
  toBase64url,
  utf8Encode,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { denseNetwork, type LayersModel } from '../model/dense-network.js';
import { type Policy, parsePolicy } from '../policy/policy.js';
import type { Trainer } from '../trainer/trainer.js';

/** A plan but for what the test coordinator fills in; `task` needs only what differs from the usual one. */
export type TestPlanDraft = Omit<Partial<PlanDraft>, 'task' | 'consortium'> & {
  readonly task?: Partial<Omit<PlanDraft['task'], 'model'>>;
};

/** A classifier of four inputs and three classes, 43 parameters: small enough for every case to take milliseconds. */
export const testModel: LayersModel = denseNetwork({ inputs: 4, hidden: [5], classes: 3, seed: 'a test' });

/** Agrees to the usual plan of a test coordinator without asking, and to nothing with another purpose or a smaller cohort. */
export const testPolicyText = `schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 4}
differentialPrivacy: optional
approval: automatic
metrics: [accuracy]
`;

/** {@link testPolicyText}, read. */
export const testPolicy: Policy = parsePolicy(testPolicyText);

/** Adds the same amount to every weight and measures a half: trains in no time, and what it gives is known. */
export function steppingTrainer(amount = 0.001): Trainer {
  const stepped = ({ name, shape, values }: NamedTensor): NamedTensor => ({
    name,
    shape,
    values: values.map((value) => value + amount),
  });
  return {
    describe: () => ({ engine: 'stepping 1', kernels: 'none', why: 'a test' }),
    fit: async ({ weights }) => ({ weights: weights.map(stepped), examples: 10 }),
    evaluate: async () => ({ metrics: { accuracy: 0.5, loss: 1 }, examples: 1 }),
    close: async () => undefined,
  };
}

/** What a plan trains, as the bytes that participants fetch by their digests. */
export interface ServedModel {
  readonly topology: Uint8Array;
  readonly weights: Uint8Array;
}

export function servedModel({ topology, tensors }: LayersModel): ServedModel {
  return { topology: utf8Encode(JSON.stringify(topology)), weights: encodeSafetensors(tensors) };
}

/**
 * A full plan of a test consortium: two rounds, one colluder, nobody computes sums anew, unless the draft says otherwise.
 *
 * @throws as `completePlan`.
 */
export function testPlan(consortium: string, members: number, model: LayersModel, draft: TestPlanDraft = {}): Plan {
  const { topology, weights } = servedModel(model);
  const digest = (bytes: Uint8Array) => toBase64url(nodeCrypto.sha256(bytes));
  const { task, ...rest } = draft;
  const hurried = task?.epochs === undefined && task?.steps === undefined ? { epochs: 1 } : {};
  return completePlan({
    run: 'test-1',
    purpose: 'test',
    rounds: 2,
    cohort: { min: Math.min(4, members), size: members, max: members },
    reportingGoal: members,
    minSurvivors: 3,
    maxColluders: 1,
    clippingNorm: 10,
    weighting: 'equal',
    // Nothing waits for them when everybody answers; a slow machine must not make a client late.
    deadlines: { selectMillis: 10_000, readyMillis: 60_000, stepMillis: 30_000, graceMillis: 60_000 },
    aggregateCheck: 'off',
    transcriptRetention: 0,
    expires: '2099-01-01T00:00:00Z',
    ...rest,
    consortium,
    task: {
      loss: 'categoricalCrossentropy',
      optimizer: { name: 'sgd', learningRate: 0.1 },
      batchSize: 8,
      dataSchemaDigest: toBase64url(new Uint8Array(32)),
      ...hurried,
      ...task,
      model: {
        topologyDigest: digest(topology),
        weightsDigest: digest(weights),
        tensors: model.tensors.map(({ name, shape }) => ({ name, shape })),
      },
    },
  });
}
