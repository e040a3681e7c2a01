import { NotLowered } from './not-lowered.js';

/** One layer of a topology, used once. */
export interface LayerSpec {
  readonly name: string;
  /** As tfjs registers it: `Dense`. */
  readonly kind: string;
  /** Keys as tfjs's constructors take them: `batchInputShape`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the layers before; empty for the one that takes the examples. */
  readonly inputs: readonly string[];
}

export interface Topology {
  readonly layers: ReadonlyMap<string, LayerSpec>;
  /** The layer that gives the outputs. */
  readonly output: string;
}

/**
 * The layers of a model that tfjs has built, so its JSON is known to be one.
 *
 * @param json as `tf.models.modelFromJSON` takes it.
 */
export function readTopology(json: object): Topology {
  const { class_name: kind, config } = unwrapped(json);
  if (kind === 'Sequential') return sequential(config);
  if (kind === 'Model' || kind === 'Functional') return functional(config as unknown as FunctionalConfig);
  throw new NotLowered(`a model of class ${String(kind).slice(0, 40)} is not lowered`);
}

interface LayerJson {
  readonly class_name: string;
  readonly config: Record<string, unknown>;
  readonly name?: string;
  readonly inbound_nodes?: readonly (readonly Reference[])[];
}

/** Layer, which of its uses, which of its outputs. */
type Reference = readonly [string, number, number, ...unknown[]];

interface FunctionalConfig {
  readonly layers: readonly LayerJson[];
  readonly output_layers: Reference | readonly Reference[];
}

function unwrapped(json: object): LayerJson {
  const { modelTopology = json } = json as { modelTopology?: object };
  const { model_config: model = modelTopology } = modelTopology as { model_config?: object };
  return model as LayerJson;
}

function sequential(config: Record<string, unknown> | readonly LayerJson[]): Topology {
  const list = (Array.isArray(config) ? config : (config as { layers: unknown }).layers) as readonly LayerJson[];
  const layers = new Map<string, LayerSpec>();
  let before: string | undefined;
  for (const json of list) {
    const layer = specOf(json, before === undefined ? [] : [before]);
    add(layers, layer);
    before = layer.name;
  }
  if (before === undefined) throw new NotLowered('a model without layers is not lowered');
  return { layers, output: before };
}

function functional({ layers: list, output_layers: outputs }: FunctionalConfig): Topology {
  const layers = new Map<string, LayerSpec>();
  for (const json of list) {
    const uses = json.inbound_nodes ?? [];
    if (uses.length > 1) throw new NotLowered(`layer ${json.name} used ${uses.length} times is not lowered`);
    const inputs = (uses[0] ?? []).map(([name, use, output]) => {
      if (use !== 0 || output !== 0) throw new NotLowered(`layer ${name} with several outputs is not lowered`);
      return name;
    });
    add(layers, specOf(json, inputs));
  }
  const [output] = (Array.isArray(outputs[0]) ? outputs[0] : outputs) as Reference;
  return { layers, output };
}

function specOf(json: LayerJson, inputs: readonly string[]): LayerSpec {
  const config = Object.fromEntries(Object.entries(json.config).map(([key, value]) => [camel(key), value]));
  const name = json.name ?? config.name;
  // tfjs then makes up a name, and its weights could not be found by it.
  if (typeof name !== 'string') throw new NotLowered(`a ${json.class_name} without a name is not lowered`);
  return { name, kind: json.class_name, config, inputs };
}

function add(layers: Map<string, LayerSpec>, layer: LayerSpec): void {
  if (layers.has(layer.name)) throw new NotLowered(`two layers named ${layer.name} are not lowered`);
  layers.set(layer.name, layer);
}

function camel(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
