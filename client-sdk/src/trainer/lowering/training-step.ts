import { type LoweredRule, lowerRule, type RuleInput } from './corrections.js';
import { Graph, type Value } from './graph.js';
import { layerKinds } from './layer-kinds.js';
import type { LayerScope, LoweredLayer } from './layers/layer.js';
import { lowerLoss } from './losses.js';
import { NotLowered } from './not-lowered.js';
import { type Gradient, lowerOptimizer, type OptimizerState } from './optimizers.js';
import { type LayerSpec, readTopology, type Topology } from './topology.js';

/** What a step is lowered for. */
export interface StepTask {
  readonly loss: string;
  readonly optimizer: { readonly name: string; readonly learningRate: number };
  /** None: the gradient as it is. */
  readonly rule?: LoweredRule;
}

/**
 * One step of training as a graph. Its inputs are `examples` and `targets`, [batch, …], every weight, every state, all
 * noise and what a local rule needs by name; its outputs are the loss and what weights and states are afterwards.
 */
export interface TrainingStep {
  readonly graph: Graph;
  /** One example's. */
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Every weight of the model. */
  readonly weights: readonly StepWeight[];
  /** What the optimizer remembers, and the output with its next value. */
  readonly states: readonly (OptimizerState & { readonly next: string })[];
  /** What the local rule needs of each weight. */
  readonly ruleInputs: readonly RuleInput[];
  /** What layers draw, anew for every step. */
  readonly noise: readonly StepNoise[];
  /** The output with the scalar: the mean loss of the batch before the step. */
  readonly loss: string;
}

/** What `LayerNoise.factors` gives. */
export interface StepNoise {
  /** The input. */
  readonly name: string;
  readonly layer: string;
  readonly draw: number;
  /** Without the batch. */
  readonly shape: readonly number[];
  readonly rate: number;
}

export interface StepWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** The optimizer moves it. */
  readonly trained: boolean;
  /** The output with its value after the step; none where it stays. */
  readonly next?: string;
}

/**
 * The same step that tfjs computes for a layers model with the loop of `training-loop.ts`: forward, loss, gradients, optimizer.
 * Regularizers and constraints play no part there either.
 *
 * @param topology of a model that tfjs has built.
 * @returns `reason` instead, by layer, activation, loss or optimizer, where something is not covered.
 */
export function lowerTrainingStep(topology: object, task: StepTask): TrainingStep | { readonly reason: string } {
  try {
    return lower(readTopology(topology), task);
  } catch (error) {
    if (error instanceof NotLowered) return { reason: error.message };
    throw error;
  }
}

// ONNX Runtime opens 3,000 nodes of a recurrent layer in 0.1 s, 11,000 in some 5 s, 22,000 in 19 s, whatever it optimizes.
const nodesMax = 15_000;

interface Built {
  readonly spec: LayerSpec;
  readonly lowered: LoweredLayer;
  /** Whether a weight here or before is trained. */
  readonly trains: boolean;
}

function lower(topology: Topology, task: StepTask): TrainingStep {
  const forward = new Forward(topology);
  const last = forward.build(topology.output);
  const { graph } = forward;
  const { output, endsInSoftmax = false } = last.lowered;
  graph.input('targets', ['batch', ...output.shape]);
  const compared = { truth: 'targets', predicted: output.name, softmax: endsInSoftmax };
  const { loss, gradient, by } = lowerLoss(graph, task.loss, compared);
  const gradients = backward(forward, { slope: gradient, by: by === 'logits' ? 'logits' : 'output' });
  const trained = forward.weights.filter(({ name }) => gradients.has(name));
  const moves = trained.map(({ name, shape }) => ({ name, shape, gradient: gradients.get(name)! }));
  const corrected = lowerRule(graph, task.rule ?? { proximal: 0, shifted: false }, moves);
  const moved = lowerOptimizer(graph, task.optimizer, corrected.weights);
  const weights = forward.weights.map(({ name, shape }): StepWeight => {
    const next = moved.weights.get(name) ?? forward.replaced.get(name);
    return { name, shape, trained: moved.weights.has(name), ...(next === undefined ? {} : { next }) };
  });
  graph.output(loss, []);
  for (const { next, shape } of [...weights, ...moved.states]) if (next !== undefined) graph.output(next, shape);
  graph.prune();
  if (graph.nodes.length > nodesMax) throw new NotLowered(`a step of ${graph.nodes.length} nodes is not lowered`);
  return {
    graph,
    inputShape: forward.inputShape,
    outputShape: output.shape,
    weights,
    states: moved.states,
    ruleInputs: corrected.inputs,
    noise: forward.noise,
    loss,
  };
}

/** Builds layers from the examples on, each once. */
class Forward {
  readonly graph = new Graph();
  readonly built = new Map<string, Built>();
  readonly weights: { readonly name: string; readonly shape: readonly number[] }[] = [];
  readonly noise: StepNoise[] = [];
  /** New values of weights that no optimizer moves. */
  readonly replaced = new Map<string, string>();
  readonly #topology: Topology;
  #examples: Value | undefined;

  constructor(topology: Topology) {
    this.#topology = topology;
  }

  get inputShape(): readonly number[] {
    return this.#examples!.shape;
  }

  build(name: string): Built {
    const known = this.built.get(name);
    if (known !== undefined) return known;
    const spec = this.#topology.layers.get(name)!;
    const before = spec.inputs.map((input) => this.build(input));
    const inputs = before.length === 0 ? [this.#open(spec)] : before.map(({ lowered }) => lowered.output);
    const lower = Object.hasOwn(layerKinds, spec.kind) ? layerKinds[spec.kind] : undefined;
    if (lower === undefined) throw new NotLowered(`layer ${spec.kind.slice(0, 40)} is not lowered`);
    let trains = before.some((one) => one.trains);
    const scope: LayerScope = {
      graph: this.graph,
      layer: spec,
      inputs,
      weight: (own, shape, options) => {
        const weight = this.graph.input(`${name}/${own}`, shape);
        this.weights.push({ name: weight, shape });
        if (options?.fixed !== true && spec.config.trainable !== false) trains = true;
        return weight;
      },
      replace: (weight, value) => void this.replaced.set(weight, value),
      dropped: (shape, rate, draw) => {
        const noise = this.graph.input(`${name}/dropped/${draw}`, ['batch', ...shape]);
        this.noise.push({ name: noise, layer: name, draw, shape, rate });
        return noise;
      },
    };
    const lowered = lower(scope);
    const result = { spec, lowered, trains };
    this.built.set(name, result);
    return result;
  }

  #open({ config, name }: LayerSpec): Value {
    const shape = (config.batchInputShape as number[] | undefined)?.slice(1);
    if (shape === undefined || shape.some((size) => typeof size !== 'number')) {
      throw new NotLowered(`layer ${name} without the shape of its inputs is not lowered`);
    }
    if (this.#examples !== undefined) throw new NotLowered('a model with two inputs is not lowered');
    this.#examples = { name: this.graph.input('examples', ['batch', ...shape]), shape };
    return this.#examples;
  }
}

/** @returns the gradients of all weights that are trained. */
function backward(
  { graph, built }: Forward,
  last: { readonly slope: string; readonly by: 'output' | 'logits' },
): Map<string, Gradient> {
  const gradients = new Map<string, Gradient>();
  const slopes = new Map<string, { readonly slope: string; readonly rectified: boolean }[]>();
  const order = [...built.values()].reverse();
  for (const [i, { spec, lowered, trains }] of order.entries()) {
    const arrived = slopes.get(spec.name) ?? [];
    if (!trains || (i > 0 && arrived.length === 0)) continue;
    const slope =
      i === 0 ? last.slope : arrived.map((one) => one.slope).reduce((sum, one) => graph.op('Add', [sum, one]));
    const inputsWanted = spec.inputs.some((input) => built.get(input)!.trains);
    const by = i === 0 ? last.by : 'output';
    const rectified = i > 0 && arrived.every((one) => one.rectified);
    const passed = lowered.backward({ slope, by, inputsWanted, rectified });
    spec.inputs.forEach((input, k) => {
      if (!inputsWanted) return;
      const one = { slope: passed.inputs[k]!, rectified: passed.rectified === true };
      slopes.set(input, [...(slopes.get(input) ?? []), one]);
    });
    if (spec.config.trainable === false) continue;
    for (const [name, gradient] of Object.entries(passed.weights)) gradients.set(name, gradient);
  }
  return gradients;
}
