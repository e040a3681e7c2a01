import { NotLowered } from '../not-lowered.js';
import type { LowerLayer } from './layer.js';

/**
 * By mean and variance of the batch, along all axes but the last; the moving ones follow them. Ioffe and Szegedy 2015,
 * Algorithm 1, with tfjs's variance: not corrected for the size of the batch, in the moving one neither.
 */
export const lowerBatchNormalization: LowerLayer = ({ graph: g, layer, inputs: [given], weight, replace }) => {
  const {
    axis = -1,
    momentum = 0.99,
    epsilon = 1e-3,
    center,
    scale,
  } = layer.config as Readonly<Record<string, number>> & Readonly<Record<'center' | 'scale', unknown>>;
  const { name: x, shape } = given!;
  if (axis !== -1 && axis !== shape.length)
    throw new NotLowered(`BatchNormalization along axis ${axis} is not lowered`);
  // tfjs itself needs both to train.
  if (center === false || scale === false)
    throw new NotLowered('BatchNormalization without both weights is not lowered');
  const channels = [shape.at(-1)!];
  const axes = shape.map((_, i) => i);
  const meanOf = (name: string): string => g.op('ReduceMean', [name], { axes, keepdims: 0 });
  const sumOf = (name: string): string => g.op('ReduceSum', [name, g.integers(...axes)], { keepdims: 0 });
  const gamma = weight('gamma', channels);
  const beta = weight('beta', channels);
  const mean = meanOf(x);
  const apart = g.op('Sub', [x, mean]);
  const variance = meanOf(g.op('Mul', [apart, apart]));
  const deviation = g.op('Sqrt', [g.op('Add', [variance, g.scalar(epsilon)])]);
  const normal = g.op('Div', [apart, deviation]);
  for (const [own, value] of [
    ['moving_mean', mean],
    ['moving_variance', variance],
  ] as const) {
    const moving = weight(own, channels, { fixed: true });
    const change = g.op('Mul', [g.op('Sub', [moving, value]), g.scalar(1 - momentum)]);
    replace(moving, g.op('Sub', [moving, change]));
  }
  return {
    output: { name: g.op('Add', [g.op('Mul', [normal, gamma]), beta]), shape },
    backward({ slope, inputsWanted }) {
      const scaled = g.op('Mul', [slope, normal]);
      const dx = (): string => {
        const along = g.op('Add', [meanOf(slope), g.op('Mul', [normal, meanOf(scaled)])]);
        return g.op('Mul', [g.op('Sub', [slope, along]), g.op('Div', [gamma, deviation])]);
      };
      return {
        inputs: inputsWanted ? [dx()] : [],
        weights: {
          [gamma]: { kind: 'tensor', name: sumOf(scaled) },
          [beta]: { kind: 'tensor', name: sumOf(slope) },
        },
      };
    },
  };
};
