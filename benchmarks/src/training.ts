import {
  createTrainer,
  type DataSet,
  denseNetwork,
  type EngineName,
  engineNames,
  type FitRequest,
} from '@concordat/client-sdk';
import type { NamedTensor } from '@concordat/core';
import { measureCost } from './measure.js';
import type { Measurement, Question } from './measurement.js';

/** A network of McMahan et al. 2017 on digits of noise: what they show does not change what they cost. */
export interface TrainedNetwork {
  readonly model: object;
  readonly weights: readonly NamedTensor[];
  readonly inputShape: readonly number[];
  /** Examples of one turn. The reference engine alone would take minutes, so it is left out. */
  readonly examples: number;
}

const batchSize = 10;

/**
 * Examples per second of the engine that the ladder takes, batch 10, one thread, beside `goal` times what tfjs on wasm
 * makes in the same run.
 */
export async function measureTraining(
  { repeats }: Question,
  network: TrainedNetwork,
  goal: number,
): Promise<Measurement> {
  const detail: Record<string, string | number> = {};
  const rates = new Map<EngineName, number>();
  for (const engine of engineNames) {
    if (engine === 'tfjs-cpu') continue;
    const trainer = await createTrainer({
      data: { dataSet: noise(network) },
      participant: 'bench',
      holdoutFraction: 0,
      engine,
    }).catch((error: Error) => {
      detail[engine] = error.message;
      return undefined;
    });
    if (trainer === undefined) continue;
    const { wallMillis, cpuMillis } = await measureCost(
      async () => void (await trainer.fit(requestOf(network))),
      Math.max(repeats, 5),
    ).finally(() => trainer.close());
    rates.set(engine, (1000 * network.examples) / wallMillis);
    detail[`${engine} per CPU second`] = (1000 * network.examples) / cpuMillis;
    detail[`${engine} per second`] = rates.get(engine)!;
  }
  const value = rates.get(engineNames.find((name) => rates.has(name))!)!;
  return {
    value,
    unit: 'examples/s',
    limit: goal * rates.get('tfjs-wasm')!,
    detail: { 'times wasm': goal, ...detail },
  };
}

/** 784-200-200-10. */
export function twoHiddenLayers(): TrainedNetwork {
  const { topology, tensors } = denseNetwork({ inputs: 784, hidden: [200, 200], classes: 10, seed: '1' });
  return { model: topology, weights: tensors, inputShape: [784], examples: 2000 };
}

/** Two convolutions 5×5 of 32 and 64 filters, each halved by pooling; 512 units; 10 classes. */
export function twoConvolutions(): TrainedNetwork {
  const draw = drawsFrom(1);
  const weight = (name: string, shape: number[], width: number): NamedTensor[] => [
    { name: `${name}/kernel`, shape, values: valuesOf(shape, () => (2 * draw() - 1) * width) },
    { name: `${name}/bias`, shape: [shape.at(-1)!], values: new Float32Array(shape.at(-1)!) },
  ];
  const conv = (name: string, filters: number, first = {}) => ({
    class_name: 'Conv2D',
    config: { name, filters, kernel_size: [5, 5], padding: 'same', activation: 'relu', ...first },
  });
  const pool = (name: string) => ({
    class_name: 'MaxPooling2D',
    config: { name, pool_size: [2, 2], strides: [2, 2], padding: 'valid' },
  });
  const dense = (name: string, units: number, activation: string) => ({
    class_name: 'Dense',
    config: { name, units, activation },
  });
  const layers = [
    conv('conv_1', 32, { batch_input_shape: [null, 28, 28, 1] }),
    pool('pool_1'),
    conv('conv_2', 64),
    pool('pool_2'),
    { class_name: 'Flatten', config: { name: 'flat' } },
    dense('dense_1', 512, 'relu'),
    dense('dense_2', 10, 'softmax'),
  ];
  const weights = [
    ...weight('conv_1', [5, 5, 1, 32], 0.1),
    ...weight('conv_2', [5, 5, 32, 64], 0.05),
    ...weight('dense_1', [3136, 512], 0.03),
    ...weight('dense_2', [512, 10], 0.1),
  ];
  const model = { class_name: 'Sequential', config: { name: 'convolutions', layers } };
  return { model, weights, inputShape: [28, 28, 1], examples: 100 };
}

function requestOf({ model, weights }: TrainedNetwork): FitRequest {
  const optimizer = { name: 'sgd', learningRate: 0.01 };
  const task = { loss: 'categoricalCrossentropy', optimizer, batchSize, epochs: 1 };
  return { model, weights, task, round: 1, seed: 'bench' };
}

function noise({ examples, inputShape }: TrainedNetwork): DataSet {
  const draw = drawsFrom(2);
  const inputs = valuesOf([examples, ...inputShape], draw);
  const labels = Uint8Array.from({ length: examples }, (_, i) => i % 10);
  return { examples, inputShape: [...inputShape], inputs, targets: { kind: 'classes', labels } };
}

function valuesOf(shape: readonly number[], draw: () => number): Float32Array {
  return Float32Array.from({ length: shape.reduce((size, n) => size * n, 1) }, draw);
}

/** Numbers in 0 … 1, the same in every run: xorshift32. */
function drawsFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
