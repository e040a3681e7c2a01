import { createTrainer, type DataSet, type EngineName, type FitRequest, type Trainer } from '@concordat/client-sdk';
import type { NamedTensor } from '@concordat/core';
import { expect } from 'chai';
import { numbers, sizeOf } from '../../../support/seeded-numbers.js';

/** A layer as topologies have it, and the shapes of its weights. */
export interface SmallLayer {
  readonly kind: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly weights?: Readonly<Record<string, readonly number[]>>;
}

export interface SmallModel {
  readonly model: object;
  readonly weights: readonly NamedTensor[];
}

/** Weights from `seed`; those named `…variance` are above 0. */
export function tensorsOf(layers: readonly SmallLayer[], seed: number): NamedTensor[] {
  return layers.flatMap(({ weights = {} }, i) =>
    Object.entries(weights).map(([name, shape], k) => {
      const values = numbers(sizeOf(shape), seed + 31 * i + k).map((x) => (name.endsWith('variance') ? 1.5 + x : x));
      return { name: `layer_${i}/${name}`, shape: [...shape], values };
    }),
  );
}

/** One layer after the other, named `layer_0`, … */
export function sequential(inputShape: readonly number[], layers: readonly SmallLayer[], seed = 1): SmallModel {
  const model = {
    class_name: 'Sequential',
    config: {
      name: 'small',
      layers: layers.map(({ kind, config }, i) => ({
        class_name: kind,
        config: { name: `layer_${i}`, ...(i === 0 ? { batch_input_shape: [null, ...inputShape] } : {}), ...config },
      })),
    },
  };
  return { model, weights: tensorsOf(layers, seed) };
}

/** A layer of a functional model, and the numbers of those that it takes; 0 is the input. */
export interface LinkedLayer extends SmallLayer {
  readonly from: readonly number[];
}

/** Layers as they are linked, the last one the output; named `layer_1`, … behind the input `layer_0`. */
export function linked(inputShape: readonly number[], layers: readonly LinkedLayer[], seed = 1): SmallModel {
  const input: LinkedLayer = {
    kind: 'InputLayer',
    config: { batch_input_shape: [null, ...inputShape], dtype: 'float32', sparse: false },
    from: [],
  };
  const all = [input, ...layers];
  const json = all.map(({ kind, config, from }, i) => ({
    name: `layer_${i}`,
    class_name: kind,
    config: { ...config, name: `layer_${i}` },
    inbound_nodes: i === 0 ? [] : [from.map((k) => [`layer_${k}`, 0, 0, {}])],
  }));
  const config = {
    name: 'small',
    layers: json,
    input_layers: [['layer_0', 0, 0]],
    output_layers: [[`layer_${layers.length}`, 0, 0]],
  };
  return { model: { class_name: 'Model', config }, weights: tensorsOf(all, seed) };
}

export function dense(inputs: number, units: number, config: Readonly<Record<string, unknown>> = {}): SmallLayer {
  return { kind: 'Dense', config: { units, ...config }, weights: { kernel: [inputs, units], bias: [units] } };
}

/** `examples` of the shape, with one of `classes`. */
export function classified(examples: number, inputShape: readonly number[], classes: number): DataSet {
  const inputs = numbers(examples * sizeOf(inputShape), 77);
  const labels = Uint8Array.from({ length: examples }, (_, i) => (i * 7 + (i >> 2)) % classes);
  return { examples, inputShape: [...inputShape], inputs, targets: { kind: 'classes', labels } };
}

export function fitOf(
  { model, weights }: SmallModel,
  task: Partial<FitRequest['task']> & { readonly optimizer?: FitRequest['task']['optimizer'] } = {},
): FitRequest {
  return {
    model,
    weights,
    task: {
      loss: 'categoricalCrossentropy',
      optimizer: { name: 'sgd', learningRate: 0.1 },
      batchSize: 4,
      steps: 10,
      ...task,
    },
    round: 1,
    seed: 'spring',
  };
}

/** The engine that lowers and the one that is right, on the same examples. */
export interface Pair {
  readonly onnx: Trainer;
  readonly reference: Trainer;
  close(): Promise<void>;
}

/** @returns undefined, and says so, where ONNX Runtime does not load. */
export async function openPair(dataSet: DataSet): Promise<Pair | undefined> {
  const open = (engine: EngineName): Promise<Trainer> =>
    createTrainer({ data: { dataSet }, participant: 'acme', holdoutFraction: 0, engine });
  const onnx = await open('onnxruntime').catch(
    (error: Error) => void process.stderr.write(`skipped: ${error.message}\n`),
  );
  if (onnx === undefined) return undefined;
  const reference = await open('tfjs-cpu');
  return {
    onnx,
    reference,
    close: async () => void (await Promise.all([onnx.close(), reference.close()])),
  };
}

/** float32 sums in another order. Measured 4e-7 for gradients, 5e-6 after ten steps. */
export const tolerances = { gradient: 2e-5, tenSteps: 2e-4 };

/**
 * That a lowered model moves as tfjs moves it: its gradient, as one step of rate 1, and ten steps of an optimizer, smaller last
 * batches included.
 */
export async function expectSame(pair: Pair, model: SmallModel, optimizer: string, what: string): Promise<void> {
  const gradient = await distance(pair, fitOf(model, { optimizer: { name: 'sgd', learningRate: 1 }, steps: 1 }));
  expect(gradient.apart, `${what}: gradient`).to.be.at.most(tolerances.gradient);
  expect(gradient.moved, `${what}: gradient`).to.be.greaterThan(0);
  const { apart } = await distance(
    pair,
    fitOf(model, { optimizer: { name: optimizer, learningRate: 0.01 }, steps: 10 }),
  );
  expect(apart, `${what}: ten steps of ${optimizer}`).to.be.at.most(tolerances.tenSteps);
}

/** The largest difference of two models' weights, and how far the first one moved at all. */
export async function distance(
  { onnx, reference }: Pair,
  request: FitRequest,
): Promise<{ readonly apart: number; readonly moved: number }> {
  const [ours, theirs] = [(await onnx.fit(request)).weights, (await reference.fit(request)).weights];
  const most = (a: readonly NamedTensor[], b: readonly NamedTensor[]): number =>
    Math.max(
      ...a.map(({ values }, i) => values.reduce((max, x, k) => Math.max(max, Math.abs(x - b[i]!.values[k]!)), 0)),
    );
  return { apart: most(ours, theirs), moved: most(theirs, request.weights) };
}
