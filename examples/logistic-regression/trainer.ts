import type { EvaluateRequest, FitRequest, NamedTensor, Trainer } from '@concordat/client-sdk';

/** Yes-or-no records: [examples · features] inputs, row after row, and [examples] answers, 0 or 1. */
export interface Answers {
  readonly features: number;
  readonly inputs: Float32Array;
  readonly answers: Uint8Array;
}

/**
 * Logistic regression by hand, without any training library: a model of one dense layer, one unit, sigmoid. What a `Trainer` needs is this much.
 *
 * @param holdout the last so many examples are never trained on.
 */
export function logisticRegression(records: Answers, holdout: number): Trainer {
  const training = records.answers.length - holdout;
  return {
    describe: () => ({ engine: 'logistic regression 1', kernels: 'plain TypeScript', why: 'the model is one' }),
    fit: async (request) => ({ weights: fitted(records, training, request), examples: training }),
    evaluate: async (request) => ({ metrics: measured(records, training, request), examples: holdout }),
    close: async () => undefined,
  };
}

function fitted(
  records: Answers,
  training: number,
  { weights, task, round, signal, onProgress }: FitRequest,
): NamedTensor[] {
  const { kernel, bias } = modelOf(records, weights);
  const perPass = Math.ceil(training / task.batchSize);
  const steps = task.steps ?? (task.epochs ?? 0) * perPass;
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted();
    // Another place to begin in every round: no order is drawn, so that the example stays short.
    const first = ((round + step) % perPass) * task.batchSize;
    const last = Math.min(training, first + task.batchSize);
    const slope = new Float64Array(records.features + 1);
    for (let i = first; i < last; i++) {
      const error = (probability(records, i, kernel, bias[0]!) - records.answers[i]!) / (last - first);
      for (let k = 0; k < records.features; k++) slope[k]! += error * records.inputs[i * records.features + k]!;
      slope[records.features]! += error;
    }
    for (let k = 0; k < records.features; k++) kernel[k]! -= task.optimizer.learningRate * slope[k]!;
    bias[0]! -= task.optimizer.learningRate * slope[records.features]!;
    if (step % 20 === 0) onProgress?.({ step, steps });
  }
  return weights.map((tensor) => ({ ...tensor, values: tensor.values.length === 1 ? bias : kernel }));
}

function measured(records: Answers, training: number, { weights }: EvaluateRequest): Record<string, number> {
  const { kernel, bias } = modelOf(records, weights);
  const examples = records.answers.length - training;
  let [loss, right] = [0, 0];
  for (let i = training; i < records.answers.length; i++) {
    const p = Math.min(1 - 1e-7, Math.max(1e-7, probability(records, i, kernel, bias[0]!)));
    loss -= Math.log(records.answers[i] === 1 ? p : 1 - p) / examples;
    if (p > 0.5 === (records.answers[i] === 1)) right++;
  }
  return examples === 0 ? {} : { loss, accuracy: right / examples };
}

/** Copies of the two tensors: a [features, 1] kernel and a [1] bias, in whatever order. */
function modelOf(records: Answers, weights: readonly NamedTensor[]): { kernel: Float32Array; bias: Float32Array } {
  const kernel = weights.find(({ shape }) => shape.join() === `${records.features},1`);
  const bias = weights.find(({ shape }) => shape.join() === '1');
  if (kernel === undefined || bias === undefined || weights.length !== 2) {
    throw new Error(`a model with one kernel of ${records.features} features and one bias is needed`);
  }
  return { kernel: Float32Array.from(kernel.values), bias: Float32Array.from(bias.values) };
}

function probability(records: Answers, example: number, kernel: Float32Array, bias: number): number {
  let sum = bias;
  const first = example * records.features;
  for (let k = 0; k < records.features; k++) sum += records.inputs[first + k]! * kernel[k]!;
  return 1 / (1 + Math.exp(-sum));
}
