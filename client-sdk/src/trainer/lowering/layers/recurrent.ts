import { type Activation, activationOf } from '../activations.js';
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
  /** After all steps went back. */
  recurrentSlope(): Gradient;
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
    // Row t · batch + b is example b at step t.
    const x = stepsFirst(g, inputs[0]!.name, features);
    const product = g.op('Gemm', bias === undefined ? [x, kernel] : [x, kernel, bias]);
    const zeros = zeroStates(g, inputs[0]!.name, units);
    const taken: CellStep[] = [];
    for (const each of apart(g, product, steps)) {
      taken.push(cell.step(each, taken.at(-1)?.states ?? new Array<string>(kind.states).fill(zeros)));
    }
    const outputs = taken.map(({ states }) => states[0]!);
    return {
      output: whole
        ? { name: examplesFirst(g, outputs, units), shape: [steps, units] }
        : { name: outputs.at(-1)!, shape: [units] },
      backward({ slope, inputsWanted }) {
        const arrived = whole ? apart(g, stepsFirst(g, slope, units), steps) : [];
        const slopes: string[] = [];
        let later: readonly (string | undefined)[] = whole ? [] : [slope];
        for (let t = steps - 1; t >= 0; t--) {
          const [fromLater, ...rest] = later;
          const { dx, states } = taken[t]!.backward([sumOf(g, arrived[t], fromLater), ...rest]);
          slopes.unshift(dx);
          later = states;
        }
        const dz = under(g, slopes);
        const dx = (): string => examplesFirstOf(g, g.op('Gemm', [dz, kernel], { transB: 1 }), steps, features);
        const weights: Record<string, Gradient> = {
          [kernel]: { kind: 'product', left: x, right: dz },
          [recurrentKernel]: cell.recurrentSlope(),
        };
        if (bias !== undefined) {
          weights[bias] = { kind: 'tensor', name: g.op('ReduceSum', [dz, g.integers(0)], { keepdims: 0 }) };
        }
        return { inputs: inputsWanted ? [dx()] : [], weights };
      },
    };
  };
}

/** Joined along the last axis. */
export function beside(graph: Graph, ...parts: readonly string[]): string {
  return graph.op('Concat', parts, { axis: -1 });
}

/** Cut along the last axis into parts of these widths. */
export function cut(graph: Graph, x: string, ...widths: readonly number[]): string[] {
  return graph.ops('Split', [x, graph.integers(...widths)], widths.length, { axis: -1 });
}

/** The rows of all steps, one under the other. */
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
  for (const option of ['dropout', 'recurrentDropout']) {
    if (Number(config[option] ?? 0) > 0) throw new NotLowered(`${kind} with ${option} is not lowered`);
  }
  if (inputs[0]!.shape.length !== 2) throw new NotLowered(`${kind} over images is not lowered`);
}

/** [batch, units], as many as there are examples. */
function zeroStates(g: Graph, examples: string, units: number): string {
  const batch = g.op('Slice', [g.op('Shape', [examples]), g.integers(0), g.integers(1)]);
  return g.op('ConstantOfShape', [g.op('Concat', [batch, g.integers(units)], { axis: 0 })]);
}

/** [steps · batch, width] as `steps` times [batch, width]. */
function apart(g: Graph, rows: string, steps: number): string[] {
  // Without sizes: equal parts.
  return g.ops('Split', [rows], steps, { axis: 0 });
}

function stepsFirst(g: Graph, name: string, width: number): string {
  return reshaped(g, g.op('Transpose', [name], { perm: [1, 0, 2] }), [width]);
}

function examplesFirst(g: Graph, steps: readonly string[], width: number): string {
  return examplesFirstOf(g, under(g, steps), steps.length, width);
}

function examplesFirstOf(g: Graph, rows: string, steps: number, width: number): string {
  const apart = g.op('Reshape', [rows, g.integers(steps, -1, width)]);
  return g.op('Transpose', [apart], { perm: [1, 0, 2] });
}
