import type { Graph } from './graph.js';
import { NotLowered } from './not-lowered.js';

/** What a gradient may look at, by name. */
export interface Activated {
  readonly x: string;
  readonly y: string;
  readonly dy: string;
}

/** An elementwise function, or one along the last axis, as `tfjs-layers/src/activations.ts` defines it. */
export interface Activation {
  forward(graph: Graph, x: string): string;
  backward(graph: Graph, values: Activated): string;
}

const activations: Readonly<Record<string, Activation>> = {
  linear: { forward: (_, x) => x, backward: (_, { dy }) => dy },
  relu: {
    forward: (g, x) => g.op('Relu', [x]),
    backward: (g, { y, dy }) => g.op('Mul', [dy, isTrue(g, g.op('Greater', [y, g.scalar(0)]))]),
  },
  relu6: {
    forward: (g, x) => g.op('Clip', [x, g.scalar(0), g.scalar(6)]),
    // Flat at 0 and at 6, where tfjs takes the minimum of 6 and relu.
    backward: (g, { y, dy }) => {
      const inside = g.op('And', [g.op('Greater', [y, g.scalar(0)]), g.op('Less', [y, g.scalar(6)])]);
      return g.op('Mul', [dy, isTrue(g, inside)]);
    },
  },
  sigmoid: {
    forward: (g, x) => g.op('Sigmoid', [x]),
    backward: (g, { y, dy }) => g.op('Mul', [dy, g.op('Mul', [y, g.op('Sub', [g.scalar(1), y])])]),
  },
  hardSigmoid: {
    forward: (g, x) => g.op('HardSigmoid', [x], { alpha: { float: 0.2 }, beta: { float: 0.5 } }),
    // The slope holds on both borders, as the gradient of tfjs's clipByValue does.
    backward: (g, { x, dy }) => {
      const slope = g.op('Mul', [isTrue(g, isWithin(g, hardLine(g, x), 0, 1)), g.scalar(0.2)]);
      return g.op('Mul', [dy, slope]);
    },
  },
  softplus: {
    forward: (g, x) => g.op('Softplus', [x]),
    backward: (g, { x, dy }) => g.op('Mul', [dy, g.op('Sigmoid', [x])]),
  },
  softsign: {
    forward: (g, x) => g.op('Div', [x, onePlusAbs(g, x)]),
    backward: (g, { x, dy }) => {
      const denominator = onePlusAbs(g, x);
      return g.op('Div', [dy, g.op('Mul', [denominator, denominator])]);
    },
  },
  tanh: {
    forward: (g, x) => g.op('Tanh', [x]),
    backward: (g, { y, dy }) => g.op('Mul', [g.op('Sub', [g.scalar(1), g.op('Mul', [y, y])]), dy]),
  },
  softmax: {
    forward: (g, x) => g.op('Softmax', [x], { axis: -1 }),
    backward: (g, { y, dy }) => {
      const product = g.op('Mul', [dy, y]);
      return g.op('Sub', [product, g.op('Mul', [sumOfLast(g, product), y])]);
    },
  },
  logSoftmax: {
    forward: (g, x) => g.op('LogSoftmax', [x], { axis: -1 }),
    backward: (g, { y, dy }) => g.op('Sub', [dy, g.op('Mul', [sumOfLast(g, dy), g.op('Exp', [y])])]),
  },
  elu: {
    forward: (g, x) => g.op('Elu', [x]),
    // y + 1 is exp x below 0; above, the smaller of it and 1 is the slope.
    backward: (g, { y, dy }) => g.op('Mul', [dy, g.op('Min', [g.op('Add', [y, g.scalar(1)]), g.scalar(1)])]),
  },
  selu: {
    forward: (g, x) => g.op('Selu', [x], { alpha: { float: selu.alpha }, gamma: { float: selu.scale } }),
    backward: (g, { x, dy }) => {
      const below = g.op('Mul', [g.op('Exp', [x]), g.scalar(selu.scale * selu.alpha)]);
      const slope = g.op('Where', [g.op('Greater', [x, g.scalar(0)]), g.scalar(selu.scale), below]);
      return g.op('Mul', [dy, slope]);
    },
  },
  gelu: {
    forward: (g, x) => g.op('Mul', [x, normalCdf(g, x)]),
    backward: (g, { x, dy }) => {
      const density = g.op('Exp', [g.op('Mul', [g.op('Mul', [x, x]), g.scalar(-0.5)])]);
      const slope = g.op('Mul', [g.op('Mul', [x, density]), g.scalar(1 / Math.sqrt(2 * Math.PI))]);
      return g.op('Mul', [dy, g.op('Add', [normalCdf(g, x), slope])]);
    },
  },
  swish: {
    forward: (g, x) => g.op('Mul', [g.op('Sigmoid', [x]), x]),
    backward: (g, { x, y, dy }) => {
      const gate = g.op('Sigmoid', [x]);
      const slope = g.op('Add', [gate, g.op('Mul', [y, g.op('Sub', [g.scalar(1), gate])])]);
      return g.op('Mul', [dy, slope]);
    },
  },
  mish: {
    forward: (g, x) => g.op('Mul', [x, g.op('Tanh', [g.op('Softplus', [x])])]),
    backward: (g, { x, dy }) => {
      const t = g.op('Tanh', [g.op('Softplus', [x])]);
      const change = g.op('Mul', [g.op('Sub', [g.scalar(1), g.op('Mul', [t, t])]), g.op('Sigmoid', [x])]);
      return g.op('Mul', [dy, g.op('Add', [t, g.op('Mul', [x, change])])]);
    },
  },
};

/** Klambauer et al. 2017, as tfjs writes them. */
const selu = { alpha: 1.7580993408473768 / 1.0507009873554805, scale: 1.0507009873554805 };

/** Activations that are lowered, as tfjs names them in code. */
export const activationNames: readonly string[] = Object.keys(activations);

/** @param name `hard_sigmoid`, as topologies have it, or `hardSigmoid`; none is `linear`. */
export function activationOf(name: unknown = 'linear'): Activation {
  const camel = String(name ?? 'linear').replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const found = Object.hasOwn(activations, camel) ? activations[camel] : undefined;
  if (found === undefined) throw new NotLowered(`activation ${String(name).slice(0, 40)} is not lowered`);
  return found;
}

/** x above 0, alpha · x at 0 and below. */
export function leakyRelu(alpha: number): Activation {
  return {
    forward: (g, x) => g.op('LeakyRelu', [x], { alpha: { float: alpha } }),
    backward: (g, { x, dy }) =>
      g.op('Mul', [dy, g.op('Where', [g.op('Greater', [x, g.scalar(0)]), g.scalar(1), g.scalar(alpha)])]),
  };
}

/** Clipped at `max`, where the slope still holds: tfjs's layer clips, unlike its `relu6`. */
export function cappedRelu(max: number): Activation {
  return {
    forward: (g, x) => g.op('Clip', [x, g.scalar(0), g.scalar(max)]),
    backward: (g, { x, dy }) => {
      const inside = g.op('And', [g.op('Greater', [x, g.scalar(0)]), g.op('LessOrEqual', [x, g.scalar(max)])]);
      return g.op('Mul', [dy, isTrue(g, inside)]);
    },
  };
}

/** Booleans as 1 and 0. */
export function isTrue(graph: Graph, condition: string): string {
  return graph.op('Cast', [condition], { to: 1 });
}

/** min ≤ x ≤ max. */
export function isWithin(graph: Graph, x: string, min: number, max: number): string {
  return graph.op('And', [
    graph.op('GreaterOrEqual', [x, graph.scalar(min)]),
    graph.op('LessOrEqual', [x, graph.scalar(max)]),
  ]);
}

/** Sums along the last axis, which stays with length 1. */
export function sumOfLast(graph: Graph, x: string): string {
  return graph.op('ReduceSum', [x, graph.integers(-1)], { keepdims: 1 });
}

function hardLine(graph: Graph, x: string): string {
  return graph.op('Add', [graph.scalar(0.5), graph.op('Mul', [graph.scalar(0.2), x])]);
}

function onePlusAbs(graph: Graph, x: string): string {
  return graph.op('Add', [graph.op('Abs', [x]), graph.scalar(1)]);
}

function normalCdf(graph: Graph, x: string): string {
  const erf = graph.op('Erf', [graph.op('Div', [x, graph.scalar(Math.SQRT2)])]);
  return graph.op('Mul', [graph.scalar(0.5), graph.op('Add', [graph.scalar(1), erf])]);
}
