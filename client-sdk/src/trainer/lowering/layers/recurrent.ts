import { type Activation, activationOf, isTrue } from '../activations.js';
import type { Graph } from '../graph.js';
import { NotLowered } from '../not-lowered.js';
import type { Gradient } from '../optimizers.js';
import { type LayerScope, type LowerLayer, reshaped } from './layer.js';

/** What a cell is computed with. */
export interface CellParts {
  readonly graph: Graph;
  readonly units: number;
  /** [units, gates · units] */
  readonly recurrentKernel: string;
  readonly activation: Activation;
  readonly recurrentActivation: Activation;
}

/** One step, [batch, …] throughout: states [batch, units], the first of which is the output. */
export interface CellStep {
  readonly states: readonly string[];
  /**
   * @param slopes of the states after the step; undefined where nothing came back.
   * @returns the gradient of what was put in, [batch, gates · units], and of the states before the step.
   */
  backward(slopes: readonly (string | undefined)[]): { readonly dx: string; readonly states: readonly string[] };
}

export interface Cell {
  /** @param x this step's input times the kernel, and the bias: [batch, gates · units]. */
  step(x: string, states: readonly string[]): CellStep;
  /** @param dz of all steps, [steps · batch, gates · units]. */
  recurrentSlope(dz: string): Gradient;
}

/** Unrolled: the inputs of all steps times the kernel in one product, then step after step, and back. */
export function recurrent(kind: {
  readonly gates: number;
  readonly states: number;
  begin(parts: CellParts): Cell;
}): LowerLayer {
  return (scope) => {
    const { graph: g, layer, inputs, weight } = scope;
    requirePlainSequence(scope);
    const [steps, features] = inputs[0]!.shape as [number, number];
    const { config } = layer;
    const [units, whole] = [config.units as number, config.returnSequences === true];
    const width = kind.gates * units;
    const kernel = weight('kernel', [features, width]);
    const recurrentKernel = weight('recurrent_kernel', [units, width]);
    const bias = config.useBias === false ? undefined : weight('bias', [width]);
    const cell = kind.begin({
      graph: g,
      units,
      recurrentKernel,
      activation: activationOf(
        layer.kind === 'SimpleRNN' ? (config.activation ?? 'tanh') : given(config.activation, 'tanh'),
      ),
      recurrentActivation: activationOf(given(config.recurrentActivation, 'hardSigmoid')),
    });
    const drops = dropsOf(scope, { features, units, gates: kind.gates });
    const x = drops.inputs === undefined ? inputs[0]!.name : g.op('Mul', [inputs[0]!.name, drops.inputs]);
    const thinned = ([h, ...rest]: readonly string[]): readonly string[] =>
      drops.states === undefined ? [h!, ...rest] : [g.op('Mul', [h!, drops.states]), ...rest];
    const product = g.op('MatMul', [x, kernel]);
    const lines = bias === undefined ? product : g.op('Add', [product, bias]);
    const taken: CellStep[] = [];
    for (let t = 0; t < steps; t++) {
      const line = at(g, lines, t);
      taken.push(cell.step(line, thinned(taken.at(-1)?.states ?? startOf(g, line, units, kind))));
    }
    const outputs = taken.map(({ states }) => states[0]!);
    return {
      output: whole ? { name: inTurn(g, outputs), shape: [steps, units] } : { name: outputs.at(-1)!, shape: [units] },
      backward({ slope, inputsWanted }) {
        const slopes: string[] = [];
        let later: readonly (string | undefined)[] = whole ? [] : [slope];
        for (let t = steps - 1; t >= 0; t--) {
          const [fromLater, ...rest] = later;
          const arrived = whole ? at(g, slope, t) : undefined;
          const { dx, states } = taken[t]!.backward([sumOf(g, arrived, fromLater), ...rest]);
          slopes.unshift(dx);
          later = thinned(states);
        }
        const dz = under(g, slopes);
        const dx = (): string => {
          const slope = g.op('MatMul', [inTurn(g, slopes), g.transpose(kernel, [1, 0])]);
          return drops.inputs === undefined ? slope : g.op('Mul', [slope, drops.inputs]);
        };
        const rows = reshaped(g, g.transpose(x, [1, 0, 2]), [features]);
        const weights: Record<string, Gradient> = {
          [kernel]: { kind: 'product', left: rows, right: dz },
          [recurrentKernel]: cell.recurrentSlope(dz),
        };
        if (bias !== undefined) {
          weights[bias] = { kind: 'tensor', name: g.op('ReduceSum', [dz, g.integers(0)], { keepdims: 0 }) };
        }
        return { inputs: inputsWanted ? [dx()] : [], weights };
      },
    };
  };
}

/**
 * Factors of the inputs, [batch, 1, features], and of the first state, [batch, units]: the same in all steps. tfjs draws as many of each as
 * a cell has gates, those of the inputs first, and takes the first of them.
 */
function dropsOf(
  { layer: { config }, dropped }: LayerScope,
  { features, units, gates }: { readonly features: number; readonly units: number; readonly gates: number },
): { readonly inputs: string | undefined; readonly states: string | undefined } {
  const drops = (rate: unknown): rate is number => typeof rate === 'number' && rate > 0 && rate < 1;
  const { dropout, recurrentDropout } = config;
  const inputs = drops(dropout) ? dropped([1, features], dropout, 0) : undefined;
  const before = inputs === undefined ? 0 : gates;
  return { inputs, states: drops(recurrentDropout) ? dropped([units], recurrentDropout, before) : undefined };
}

/** Joined along the last axis. */
export function beside(graph: Graph, ...parts: readonly string[]): string {
  return graph.op('Concat', parts, { axis: -1 });
}

/** Cut along the last axis into parts of these widths. */
export function cut(graph: Graph, x: string, ...widths: readonly number[]): string[] {
  return graph.ops('Split', [x, graph.integers(...widths)], widths.length, { axis: -1 });
}

/** The rows of all steps, one under the other: row t · batch + b is example b at step t. */
export function under(graph: Graph, steps: readonly string[]): string {
  return graph.op('Concat', steps, { axis: 0 });
}

/** The sum of what there is. */
export function sumOf(graph: Graph, ...parts: readonly (string | undefined)[]): string | undefined {
  const given = parts.filter((part) => part !== undefined);
  return given.length === 0 ? undefined : given.reduce((sum, part) => graph.op('Add', [sum, part]));
}

/** `null` is an answer too, and means linear; to tfjs's SimpleRNN it does not. */
function given(value: unknown, otherwise: string): unknown {
  return value === undefined ? otherwise : value;
}

function requirePlainSequence({ layer: { kind, config }, inputs }: LayerScope): void {
  for (const option of ['goBackwards', 'stateful', 'returnState']) {
    if (config[option] === true) throw new NotLowered(`${kind} with ${option} is not lowered`);
  }
  if (inputs[0]!.shape.length !== 2) throw new NotLowered(`${kind} over images is not lowered`);
}

/**
 * The states before the first step: zeros [batch, units].
 *
 * Made of a tensor of such a shape, as everything in a step is: where ONNX Runtime cannot tell that two tensors have the same shape, it
 * does not let one take the other's memory, and goes through all that are free for each new one: 30 times slower to open.
 */
function startOf(
  g: Graph,
  line: string,
  units: number,
  { gates, states }: { gates: number; states: number },
): string[] {
  const part = gates === 1 ? line : cut(g, line, units, (gates - 1) * units)[0]!;
  return new Array<string>(states).fill(isTrue(g, g.op('Less', [part, part])));
}

/** [batch, steps, …] at one step. */
function at(g: Graph, sequence: string, step: number): string {
  return g.op('Gather', [sequence, g.integer(step)], { axis: 1 });
}

/** [batch, steps, …] of [batch, …] each. */
function inTurn(g: Graph, steps: readonly string[]): string {
  const apart = steps.map((step) => g.op('Unsqueeze', [step, g.integers(1)]));
  return g.op('Concat', apart, { axis: 1 });
}
