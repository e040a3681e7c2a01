import { FederatedError, type NamedTensor, refusal, requireFiniteModel } from '@concordat/core';
import type { LayersModel, Tensor, Variable } from '@tensorflow/tfjs';
import { LayerNoise } from './layer-noise.js';
import type { Tf } from './tf.js';

/** A tfjs model whose weights are read and written by the plan's names. */
export interface LoadedModel {
  readonly network: LayersModel;
  /** What its layers draw while they train. */
  readonly noise: LayerNoise;
  /** Parsed JSON. */
  readonly topology: object;
  /** One example's input shape. */
  readonly inputShape: readonly number[];
  /** One example's output shape. */
  readonly outputShape: readonly number[];
  /** Rows of the table that an Embedding looks the inputs up in; undefined where none takes them. */
  readonly words: number | undefined;
  /** The weights that an optimizer moves. */
  readonly trainable: readonly { readonly name: string; readonly variable: Variable }[];
  /** Every weight, by the plan's name. */
  readonly weights: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly trainable: boolean;
  }[];
  /** Copies values in. @throws `refused` `model.tensors`, `model.shape` or `model.finite`. */
  assign(tensors: readonly NamedTensor[]): void;
  /** New arrays in the order of `tensors`. */
  read(tensors: readonly NamedTensor[]): NamedTensor[];
  dispose(): void;
}

/**
 * Build a model from its topology. Topologies are data: only layers that tfjs itself registers can be named.
 *
 * @param topology parsed JSON, as in `model.json` under `modelTopology`.
 * @throws `refused` `model.topology` when tfjs cannot build it, or it has more than one input or output.
 */
export async function loadModel(tf: Tf, topology: object): Promise<LoadedModel> {
  const network = await build(tf, topology);
  if (network.inputs.length !== 1 || network.outputs.length !== 1) {
    throw unusable(
      'a model has one input and one output',
      '1 and 1',
      `${network.inputs.length} and ${network.outputs.length}`,
    );
  }
  const inputShape = fixedShape(network.inputs[0]!.shape);
  const outputShape = fixedShape(network.outputs[0]!.shape);
  const variables = new Map(network.weights.map((weight) => [weight.originalName, weight.read() as Variable]));
  const trainable = new Set(network.trainableWeights.map((weight) => weight.originalName));
  return {
    network,
    noise: new LayerNoise(network),
    topology,
    inputShape,
    outputShape,
    words: wordsOf(network),
    trainable: network.trainableWeights.map((weight) => ({
      name: weight.originalName,
      variable: weight.read() as Variable,
    })),
    weights: [...variables].map(([name, { shape }]) => ({ name, shape, trainable: trainable.has(name) })),
    assign: (tensors) => assign(tf, variables, tensors),
    read: (tensors) => tensors.map(({ name, shape }) => ({ name, shape, values: valuesOf(variables.get(name)!) })),
    dispose: () => void network.dispose(),
  };
}

function wordsOf({ layers, inputs }: LayersModel): number | undefined {
  const tables = layers.filter((layer) => layer.getClassName() === 'Embedding' && layer.input === inputs[0]);
  return tables.length === 0 ? undefined : Math.min(...tables.map((table) => table.getConfig().inputDim as number));
}

async function build(tf: Tf, topology: object): Promise<LayersModel> {
  try {
    return await tf.models.modelFromJSON(topology as Parameters<Tf['models']['modelFromJSON']>[0]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0]!.slice(0, 200) : 'unknown layer';
    throw new FederatedError('refused', `tfjs cannot build the model: ${why}`, {
      cause,
      detail: { rule: 'model.topology', required: 'a tfjs LayersModel topology', offered: why },
      fix: 'Propose a topology saved by tf.LayersModel.save, with layers that tfjs registers.',
    });
  }
}

function fixedShape(shape: readonly (number | null)[]): number[] {
  const [, ...rest] = shape;
  if (rest.some((dimension) => dimension === null)) {
    throw unusable('a model fixes every dimension but the batch', 'numbers', JSON.stringify(rest));
  }
  return rest as number[];
}

function assign(tf: Tf, variables: ReadonlyMap<string, Variable>, tensors: readonly NamedTensor[]): void {
  const given = new Set(tensors.map(({ name }) => name));
  const missing = [...variables.keys()].filter((name) => !given.has(name));
  const foreign = [...given].filter((name) => !variables.has(name));
  if (missing.length > 0 || foreign.length > 0 || tensors.length !== variables.size) {
    throw refusal('model.tensors', 'the weights are not those of the topology', {
      required: [...variables.keys()].join(', ').slice(0, 500),
      offered: [...given].join(', ').slice(0, 500),
      fix: 'Name every weight of the topology once, as tfjs names them.',
    });
  }
  requireFiniteModel(tensors);
  for (const { name, shape, values } of tensors) {
    const variable = variables.get(name)!;
    if (variable.shape.join() !== shape.join() || values.length !== variable.size) {
      throw refusal('model.shape', `weight ${name} has another shape than the topology gives it`, {
        required: `[${variable.shape.join(', ')}]`,
        offered: `[${shape.join(', ')}] with ${values.length} values`,
      });
    }
    tf.tidy(() => variable.assign(tf.tensor(values, [...shape])));
  }
}

// A copy: some backends hand out a view of their own memory.
function valuesOf(variable: Tensor): Float32Array {
  return new Float32Array(variable.dataSync());
}

function unusable(message: string, required: string, offered: string): FederatedError {
  return refusal('model.topology', message, { required, offered });
}
