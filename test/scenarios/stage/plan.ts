import { createTrainer, denseNetwork, type Policy, parsePolicy, type Trainer } from '@concordat/client-sdk';
import { type NamedTensor, type Plan, utf8Encode } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { drawUnit, seededRandom } from '@concordat/sim';
import { taskOn, testPlan } from '../../support/test-plan.js';
import type { StageScenario } from './scenario.js';

/** Of a linear model nobody builds layers: only the digest counts. */
export function topologyOf(scenario: StageScenario): Uint8Array {
  if (scenario.engine === 'linear') return utf8Encode('{"class_name":"Sequential"}');
  return utf8Encode(JSON.stringify(networkOf(scenario).topology));
}

function networkOf({ kernel: [inputs, classes], seed }: StageScenario) {
  return denseNetwork({ inputs, hidden: [8], classes, seed: String(seed) });
}

/** The weights every run begins with. */
export function firstModel(scenario: StageScenario): readonly NamedTensor[] {
  if (scenario.engine === 'tfjs') return networkOf(scenario).tensors;
  const [inputs, outputs] = scenario.kernel;
  return [
    { name: 'dense/kernel', shape: [inputs, outputs], values: new Float32Array(inputs * outputs).fill(0.5) },
    { name: 'dense/bias', shape: [outputs], values: new Float32Array(outputs).fill(-0.25) },
  ];
}

export function planOf(scenario: StageScenario): Plan {
  const model = { topology: topologyOf(scenario), tensors: firstModel(scenario) };
  return testPlan(model, {
    consortium: 'stage',
    run: scenario.name,
    purpose: 'scenario',
    task: taskOn(model, {
      loss: scenario.engine === 'tfjs' ? 'categoricalCrossentropy' : 'meanSquaredError',
      optimizer: { name: 'sgd', learningRate: 0.125 },
      batchSize: 8,
    }),
    rounds: scenario.rounds,
    cohort: scenario.cohort,
    reportingGoal: scenario.cohort.min,
    maxColluders: scenario.maxColluders,
    deadlines: { ...scenario.deadlines, leaseBytesPerSecond: 100_000 },
    onShortfall: scenario.onShortfall,
    clippingNorm: 8,
    weighting: 'powers-of-two',
    rotation: scenario.rotation,
    metrics: [{ name: 'accuracy', kind: 'rate', max: 1 }],
  });
}

export function policyOf({ uploadBytesPerSecond }: StageScenario): Policy {
  return parsePolicy(`
schema: concordat/policy/1
proposers: [operator]
purposes: [scenario]
cohort: {min: 3}
differentialPrivacy: optional
approval: automatic
metrics: [accuracy]
${uploadBytesPerSecond === undefined ? '' : `uploadBytesPerSecond: ${uploadBytesPerSecond}`}
`);
}

/** A participant's own records and a linear model of them. */
export interface LinearEngine {
  readonly examples: number;
  /** Gradient descent in plain arithmetic: the same weights on every machine. @returns new weights. */
  fit(weights: readonly NamedTensor[], learningRate: number): readonly NamedTensor[];
  /** Share of the records whose first output has the right sign. */
  accuracy(weights: readonly NamedTensor[]): number;
}

const examples = 40;

/** The records are drawn from the seed. */
export function linearEngine({ seed, kernel: [inputs, outputs] }: StageScenario, participant: string): LinearEngine {
  const random = seededRandom(nodeCrypto, seed, `records/${participant}`);
  const draw = (length: number) => Float32Array.from({ length }, () => 2 * drawUnit(random) - 1);
  const records = Array.from({ length: examples }, () => ({ x: draw(inputs), y: draw(outputs) }));
  return {
    examples,
    fit(weights, learningRate) {
      const [kernel, bias] = weights.map(({ values }) => Float32Array.from(values)) as [Float32Array, Float32Array];
      for (const { x, y } of records) descend(kernel, bias, x, y, learningRate / examples);
      return [kernel, bias].map((values, i) => ({ ...weights[i]!, values }));
    },
    accuracy(weights) {
      const [kernel, bias] = weights.map(({ values }) => values) as [Float32Array, Float32Array];
      return records.filter(({ x, y }) => predict(kernel, bias, x, 0) > 0 === y[0]! > 0).length / examples;
    },
  };
}

/** The trainer of a participant; the caller closes it. */
export async function trainerOf(scenario: StageScenario, participant: string): Promise<Trainer> {
  if (scenario.engine === 'linear') return linearTrainer(scenario, participant);
  const [inputs, classes] = scenario.kernel;
  const random = seededRandom(nodeCrypto, scenario.seed, `records/${participant}`);
  const values = Float32Array.from({ length: examples * inputs }, () => 2 * drawUnit(random) - 1);
  const labels = Uint8Array.from({ length: examples }, () => Math.floor(classes * drawUnit(random)));
  const targets = { kind: 'classes', labels } as const;
  const dataSet = { examples, inputShape: [inputs], inputs: values, targets };
  return createTrainer({ data: { dataSet }, participant, engine: 'tfjs-cpu' });
}

/** The same as a trainer of the SDK. */
function linearTrainer(scenario: StageScenario, participant: string): Trainer {
  const engine = linearEngine(scenario, participant);
  return {
    describe: () => ({ engine: 'linear 1', kernels: 'none', why: 'the scenario says so' }),
    fit: async ({ weights, task }) => ({ weights: engine.fit(weights, task.optimizer.learningRate), examples }),
    evaluate: async ({ weights }) => ({ metrics: { accuracy: engine.accuracy(weights) }, examples }),
    close: async () => undefined,
  };
}

function predict(kernel: Float32Array, bias: Float32Array, x: Float32Array, output: number): number {
  return x.reduce((sum, value, i) => sum + value * kernel[i * bias.length + output]!, bias[output]!);
}

function descend(kernel: Float32Array, bias: Float32Array, x: Float32Array, y: Float32Array, rate: number): void {
  const errors = Array.from(bias, (_, output) => predict(kernel, bias, x, output) - y[output]!);
  for (const [output, error] of errors.entries()) {
    bias[output]! -= rate * error;
    for (const [i, value] of x.entries()) kernel[i * bias.length + output]! -= rate * error * value;
  }
}
