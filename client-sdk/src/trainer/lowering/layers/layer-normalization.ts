import { NotLowered } from '../not-lowered.js';
import type { LowerLayer } from './layer.js';

/** Each example by its own mean and variance along some axes. Ba et al. 2016, with tfjs's variance: not corrected. */
export const lowerLayerNormalization: LowerLayer = ({ graph: g, layer: { config }, inputs: [given], weight }) => {
  const { name: x, shape } = given!;
  const { epsilon, center, scale } = config as { epsilon?: number; center?: boolean; scale?: boolean };
  const axes = axesOf(config.axis, shape.length + 1);
  // tfjs itself needs both to train.
  if (center === false || scale === false)
    throw new NotLowered('LayerNormalization without both weights is not lowered');
  const others = [0, ...shape.map((_, i) => i + 1)].filter((axis) => !axes.includes(axis));
  const own = axes.map((axis) => shape[axis - 1]!);
  const spread = g.integers(1, ...shape.map((length, i) => (axes.includes(i + 1) ? length : 1)));
  const meanOf = (name: string): string => g.op('ReduceMean', [name], { axes, keepdims: 1 });
  const sumOf = (name: string): string => g.op('ReduceSum', [name, g.integers(...others)], { keepdims: 0 });
  const [gamma, beta] = [weight('gamma', own), weight('beta', own)];
  const gain = g.op('Reshape', [gamma, spread]);
  const apart = g.op('Sub', [x, meanOf(x)]);
  const variance = meanOf(g.op('Mul', [apart, apart]));
  const deviation = g.op('Sqrt', [g.op('Add', [variance, g.scalar(epsilon ?? 1e-3)])]);
  const normal = g.op('Div', [apart, deviation]);
  return {
    output: { name: g.op('Add', [g.op('Mul', [normal, gain]), g.op('Reshape', [beta, spread])]), shape },
    backward({ slope, inputsWanted }) {
      const dx = (): string => {
        const byNormal = g.op('Mul', [slope, gain]);
        const along = g.op('Add', [meanOf(byNormal), g.op('Mul', [normal, meanOf(g.op('Mul', [byNormal, normal]))])]);
        return g.op('Div', [g.op('Sub', [byNormal, along]), deviation]);
      };
      return {
        inputs: inputsWanted ? [dx()] : [],
        weights: {
          [gamma]: { kind: 'tensor', name: sumOf(g.op('Mul', [slope, normal])) },
          [beta]: { kind: 'tensor', name: sumOf(slope) },
        },
      };
    },
  };
};

/** Counted with the batch, which is axis 0, and in order: tfjs lays weights of another order otherwise than it names them. */
function axesOf(axis: unknown, rank: number): readonly number[] {
  const given = (Array.isArray(axis) ? axis : [axis ?? -1]) as readonly number[];
  const axes = given.map((one) => (one < 0 ? one + rank : one));
  if (axes.some((one, i) => one < 1 || (i > 0 && one <= axes[i - 1]!))) {
    throw new NotLowered(`LayerNormalization along axes ${given} is not lowered`);
  }
  return axes;
}
