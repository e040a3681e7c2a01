import { createTrainer, type DataSet, type EngineName, type FitRequest, type Trainer } from '@concordat/client-sdk';
import type { NamedTensor } from '@concordat/core';

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

/** Numbers in −1 … 1 that `seed` fixes: xorshift32. */
export function numbers(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0 || 1;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) / 2 ** 32) * 2 - 1;
  });
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, n) => size * n, 1);

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
