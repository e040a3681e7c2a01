import { CommandFailure } from '../failure.js';
import { type LayerWeights, notWeights, sizeOf, type WeightsFile } from './layer-weights.js';

/** Of jsfive what is used here: it brings no types. */
interface Node {
  readonly attrs: Readonly<Record<string, unknown>>;
}
interface Group extends Node {
  readonly keys: readonly string[];
  get(path: string): Node | null;
}
interface Dataset extends Node {
  readonly shape: readonly number[];
  readonly dtype: unknown;
  readonly value: ArrayLike<number>;
}
interface Jsfive {
  readonly File: new (bytes: ArrayBuffer, name: string) => Group;
  readonly Group: new (...args: never) => Group;
}

const saveAgain = 'Save the model again with Keras: model.save_weights("model.weights.h5"), in float32.';

/**
 * The layers of an HDF5 file as Keras writes one: `model.save_weights("….weights.h5")` of Keras 3, or the older whole models and
 * weights (`….h5`). Layers without weights are left out.
 *
 * @throws CommandFailure `malformed` for another file, or weights that are no floating point numbers.
 */
export async function readKerasWeights(bytes: Uint8Array): Promise<WeightsFile> {
  const name: string = 'jsfive';
  const jsfive = (await import(name)) as Jsfive;
  try {
    return quietly(() => layersIn(jsfive, bytes));
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause;
    const why = cause instanceof Error ? cause.message.split('\n')[0]!.slice(0, 160) : String(cause);
    throw notWeights(`not an HDF5 file of Keras: ${why}`, saveAgain);
  }
}

/** jsfive prints what it cannot read of a damaged file, byte by byte, to wherever the console goes. */
function quietly<T>(work: () => T): T {
  const { console } = globalThis;
  const { warn, log } = console;
  Object.assign(console, { warn: () => undefined, log: () => undefined });
  try {
    return work();
  } finally {
    Object.assign(console, { warn, log });
  }
}

function layersIn(jsfive: Jsfive, { buffer, byteOffset, byteLength }: Uint8Array): WeightsFile {
  const file = new jsfive.File(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer, 'weights');
  const isGroup = (node: Node | null | undefined): node is Group => node instanceof jsfive.Group;
  const child = (group: Group, key: string): Group | undefined => {
    const node = group.keys.includes(key) ? group.get(key) : undefined;
    return isGroup(node) ? node : undefined;
  };
  const old = child(file, 'model_weights') ?? (Array.isArray(file.attrs.layer_names) ? file : undefined);
  const layers = old === undefined ? newLayers(file, child) : oldLayers(old);
  if (layers.length === 0) throw notWeights('the file holds no layer with weights', saveAgain);
  return { layers, by: 'name' };
}

/** `layers/<made-up name>/vars/0 …`; the layer's own name is an attribute. A recurrent layer has its weights in its cell. */
function newLayers(file: Group, child: (group: Group, key: string) => Group | undefined): LayerWeights[] {
  const all = child(file, 'layers');
  if (all === undefined) throw notWeights('the HDF5 file has no layers', saveAgain);
  return all.keys.flatMap((key) => {
    const layer = child(all, key);
    const vars = layer && child(layer, 'vars');
    if (layer === undefined || vars === undefined) return [];
    const name = String(vars.attrs.name ?? key);
    const cell = child(layer, 'cell');
    const inCell = cell && child(cell, 'vars');
    const nested = layer.keys.filter((inner) => inner !== 'vars' && inner !== 'cell' && inner !== 'seed_generator');
    if (nested.length > 0) {
      throw notWeights(
        `layer ${name} has layers of its own (${nested.join(', ')}), which are not imported`,
        'Save a model whose layers are all its own.',
      );
    }
    return weightsOf(name, vars.keys.length > 0 || inCell === undefined ? vars : inCell);
  });
}

function weightsOf(layer: string, vars: Group): LayerWeights[] {
  const numbers = vars.keys.map(Number).sort((a, b) => a - b);
  const weights = numbers.map((key) => weightOf(`${layer}/${key}`, vars.get(String(key)) as Dataset));
  return weights.length === 0 ? [] : [{ layer, weights }];
}

/** Attributes say which layers and weights there are, and in which order. */
function oldLayers(root: Group): LayerWeights[] {
  const names = root.attrs.layer_names as readonly string[];
  return names.flatMap((layer) => {
    const group = root.get(layer) as Group;
    const weights = (group.attrs.weight_names as readonly string[]).map((name) =>
      weightOf(name, group.get(name) as Dataset),
    );
    return weights.length === 0 ? [] : [{ layer, weights }];
  });
}

function weightOf(name: string, { shape, dtype, value }: Dataset): LayerWeights['weights'][number] {
  if (!/^[<>]f[248]$/.test(String(dtype))) throw notWeights(`weight ${name} is of type ${String(dtype)}`, saveAgain);
  const values = Float32Array.from(value);
  if (values.length !== sizeOf(shape))
    throw notWeights(`weight ${name} has not as many values as its shape says`, saveAgain);
  return { name, shape: [...shape], values };
}
