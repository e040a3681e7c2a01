import type { LayersModel } from '@concordat/client-sdk';
import { badArguments } from '../envelope.js';
import { CommandFailure } from '../failure.js';
import { type LayerWeights, notWeights, type WeightsFile } from './layer-weights.js';

type Tensor = LayersModel['tensors'][number];

/**
 * The model with the weights of a file in the place of its own: names, shapes and order stay.
 *
 * @param renamed names of layers in the file → names of layers in the model, where they differ.
 * @throws CommandFailure `invalid-argument` unless each layer of the model that has weights has those in the file, all of them in the same
 *   shapes, and nothing of the file is left over; `malformed` for NaN and infinities.
 */
export function fitWeights(model: LayersModel, file: WeightsFile, renamed: ReadonlyMap<string, string>): LayersModel {
  const layers = layersOf(model);
  const given = file.by === 'name' ? byName(file, layers, renamed) : byOrder(file, layers);
  const values = new Map<string, Float32Array>();
  for (const [layer, tensors] of layers) {
    for (const [name, imported] of fitLayer(layer, tensors, given.get(layer)!)) values.set(name, imported);
  }
  return {
    topology: model.topology,
    tensors: model.tensors.map(({ name, shape }) => ({ name, shape, values: values.get(name)! })),
  };
}

/** Layer → its weights, in the order of the topology, where the topology says one. `dense/kernel` belongs to `dense`. */
function layersOf({ topology, tensors }: LayersModel): Map<string, Tensor[]> {
  const found = new Map<string, Tensor[]>();
  for (const tensor of tensors) {
    const layer = tensor.name.slice(0, tensor.name.lastIndexOf('/'));
    found.set(layer, [...(found.get(layer) ?? []), tensor]);
  }
  const order = namesIn(topology);
  return new Map([...found].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
}

function namesIn(topology: object): string[] {
  const { model_config: model = topology } = topology as { model_config?: object };
  const { config } = model as { config?: unknown };
  const layers = Array.isArray(config) ? config : (config as { layers?: unknown } | undefined)?.layers;
  if (!Array.isArray(layers)) return [];
  return layers.map((layer: { config?: { name?: unknown } }) => String(layer.config?.name));
}

function byName(
  { layers: offered }: WeightsFile,
  layers: ReadonlyMap<string, Tensor[]>,
  renamed: ReadonlyMap<string, string>,
): Map<string, LayerWeights> {
  const given = new Map(offered.map((one) => [renamed.get(one.layer) ?? one.layer, one]));
  const missing = [...layers.keys()].filter((layer) => !given.has(layer));
  const foreign = [...given.keys()].filter((layer) => !layers.has(layer));
  const unknown = [...renamed.keys()].filter((name) => !offered.some(({ layer }) => layer === name));
  if (missing.length === 0 && foreign.length === 0 && unknown.length === 0) return given;
  throw doesNotFit(
    `the layers of the file (${offered.map(({ layer }) => layer).join(', ')}) are not those of the model (${[...layers.keys()].join(', ')})`,
    'Rename those that are called otherwise: --rename IN-FILE=IN-MODEL, once for each.',
  );
}

function byOrder({ layers: offered }: WeightsFile, layers: ReadonlyMap<string, Tensor[]>): Map<string, LayerWeights> {
  if (offered.length === layers.size) return new Map([...layers.keys()].map((layer, i) => [layer, offered[i]!]));
  throw doesNotFit(
    `the file has ${offered.length} layers with weights (${offered.map(({ layer }) => layer).join(', ')}), the model ${layers.size} (${[...layers.keys()].join(', ')})`,
    'Import into a model of the same layers in the same order.',
  );
}

function* fitLayer(
  layer: string,
  tensors: readonly Tensor[],
  { weights }: LayerWeights,
): Generator<[string, Float32Array]> {
  if (weights.length !== tensors.length) {
    throw doesNotFit(
      `layer ${layer} has ${tensors.length} weights in the model and ${weights.length} in the file (${weights.map(({ name }) => name).join(', ')})`,
      'Give the layer the same bias, scale and centre in both.',
    );
  }
  for (const [i, { name, shape }] of tensors.entries()) {
    const offered = weights[i]!;
    if (shape.join() !== offered.shape.join()) {
      throw doesNotFit(
        `weight ${name} is [${shape.join(', ')}] in the model and [${offered.shape.join(', ')}] in the file (${offered.name})`,
        name.endsWith('/bias') && offered.shape.length === 2
          ? 'Build the GRU of Keras with reset_after=False: tfjs has no other.'
          : 'Import into a model of the same layers.',
      );
    }
    const bad = offered.values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw notWeights(
        `the file holds ${offered.values[bad]} at ${offered.name}[${bad}]`,
        'Save the weights again; a diverged model cannot be trained from.',
      );
    }
    yield [name, offered.values];
  }
}

function doesNotFit(message: string, fix: string): CommandFailure {
  return new CommandFailure(message, { code: 'invalid-argument', exitCode: badArguments, fix });
}
