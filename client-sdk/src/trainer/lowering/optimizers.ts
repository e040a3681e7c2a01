import type { Graph } from './graph.js';
import { NotLowered } from './not-lowered.js';

/**
 * A weight's gradient: a tensor, or leftᵀ · right of two matrices that nobody has multiplied yet, because plain
 * descent adds the product to the weight in the same pass; or slopes [n, width] of the rows `at`, [n, 1] int64, added up where
 * a row is named twice, and zero elsewhere.
 */
export type Gradient =
  | { readonly kind: 'tensor'; readonly name: string }
  | { readonly kind: 'product'; readonly left: string; readonly right: string }
  | { readonly kind: 'rows'; readonly at: string; readonly slopes: string };

export interface WeightToMove {
  readonly name: string;
  readonly shape: readonly number[];
  readonly gradient: Gradient;
}

/** What an optimizer remembers from step to step; all zeros, or one number, at first. */
export interface OptimizerState {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: number;
}

/** Names of new values in the graph. */
export interface LoweredOptimizer {
  readonly weights: ReadonlyMap<string, string>;
  readonly states: readonly (OptimizerState & { readonly next: string })[];
}

type LowerOptimizer = (graph: Graph, learningRate: number, weights: readonly WeightToMove[]) => LoweredOptimizer;

const optimizers: Readonly<Record<string, LowerOptimizer>> = { sgd, momentum, adam };

/** As tfjs computes it with what `objective.ts` sets: momentum 0.9; Adam with 0.9, 0.999 and 1e-7. */
export function lowerOptimizer(
  graph: Graph,
  { name, learningRate }: { readonly name: string; readonly learningRate: number },
  weights: readonly WeightToMove[],
): LoweredOptimizer {
  const lower = Object.hasOwn(optimizers, name) ? optimizers[name] : undefined;
  if (lower === undefined) throw new NotLowered(`optimizer ${name.slice(0, 40)} is not lowered`);
  return lower(graph, learningRate, weights);
}

function sgd(g: Graph, learningRate: number, weights: readonly WeightToMove[]): LoweredOptimizer {
  const moved = weights.map(({ name, gradient }): [string, string] => {
    if (gradient.kind === 'tensor') return [name, move(g, name, gradient.name, learningRate)];
    if (gradient.kind === 'rows') {
      const steps = g.op('Mul', [g.scalar(-learningRate), gradient.slopes]);
      return [name, g.op('ScatterND', [name, gradient.at, steps], { reduction: 'add' })];
    }
    const alpha = { float: -learningRate };
    return [name, g.op('Gemm', [gradient.left, gradient.right, name], { transA: 1, alpha })];
  });
  return { weights: new Map(moved), states: [] };
}

function momentum(g: Graph, learningRate: number, weights: readonly WeightToMove[]): LoweredOptimizer {
  const all = weights.map(({ name, shape, gradient }) => {
    const state = stateOf(g, `${name}/momentum`, shape);
    const next = g.op('Add', [g.op('Mul', [g.scalar(0.9), state.name]), tensorOf(g, gradient, shape)]);
    return { state: { ...state, next }, moved: [name, move(g, name, next, learningRate)] as const };
  });
  return { weights: new Map(all.map(({ moved }) => moved)), states: all.map(({ state }) => state) };
}

/** Kingma and Ba 2015, Algorithm 1, with the powers of the decay rates kept as state, as tfjs keeps them. */
function adam(g: Graph, learningRate: number, weights: readonly WeightToMove[]): LoweredOptimizer {
  const power1 = stateOf(g, 'adam/power1', [], 0.9);
  const power2 = stateOf(g, 'adam/power2', [], 0.999);
  const correction1 = g.op('Sub', [g.scalar(1), power1.name]);
  const correction2 = g.op('Sub', [g.scalar(1), power2.name]);
  const all = weights.map(({ name, shape, gradient }) => {
    const slope = tensorOf(g, gradient, shape);
    const m = stateOf(g, `${name}/m`, shape);
    const v = stateOf(g, `${name}/v`, shape);
    const first = blend(g, m.name, slope, 0.9);
    const second = blend(g, v.name, g.op('Mul', [slope, slope]), 0.999);
    const scale = g.op('Add', [g.op('Sqrt', [g.op('Div', [second, correction2])]), g.scalar(1e-7)]);
    const step = g.op('Div', [g.op('Div', [first, correction1]), scale]);
    return {
      states: [
        { ...m, next: first },
        { ...v, next: second },
      ],
      moved: [name, move(g, name, step, learningRate)] as const,
    };
  });
  const powers = [
    { ...power1, next: g.op('Mul', [power1.name, g.scalar(0.9)]) },
    { ...power2, next: g.op('Mul', [power2.name, g.scalar(0.999)]) },
  ];
  return {
    weights: new Map(all.map(({ moved }) => moved)),
    states: [...powers, ...all.flatMap(({ states }) => states)],
  };
}

function move(graph: Graph, weight: string, slope: string, learningRate: number): string {
  return graph.op('Add', [graph.op('Mul', [graph.scalar(-learningRate), slope]), weight]);
}

function blend(graph: Graph, old: string, fresh: string, decay: number): string {
  const kept = graph.op('Mul', [old, graph.scalar(decay)]);
  return graph.op('Add', [kept, graph.op('Mul', [fresh, graph.scalar(1 - decay)])]);
}

function tensorOf(graph: Graph, gradient: Gradient, shape: readonly number[]): string {
  if (gradient.kind === 'tensor') return gradient.name;
  if (gradient.kind === 'rows') {
    const zeros = graph.op('ConstantOfShape', [graph.integers(...shape)]);
    return graph.op('ScatterND', [zeros, gradient.at, gradient.slopes], { reduction: 'add' });
  }
  return graph.op('Gemm', [gradient.left, gradient.right], { transA: 1 });
}

function stateOf(graph: Graph, name: string, shape: readonly number[], initial = 0): OptimizerState {
  graph.input(name, shape);
  return { name, shape, initial };
}
