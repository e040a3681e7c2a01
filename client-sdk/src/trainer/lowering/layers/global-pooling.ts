import { isTrue } from '../activations.js';
import { NotLowered } from '../not-lowered.js';
import { type LowerLayer, sizeOf } from './layer.js';

/** The mean of each channel, over a line or a plane. */
export const lowerGlobalAveragePooling: LowerLayer = (scope) => {
  const { graph: g, inputs } = scope;
  const { axes, places, channels } = shapeOf(scope);
  const x = inputs[0]!.name;
  return {
    output: { name: g.op('ReduceMean', [x], { axes, keepdims: 0 }), shape: [channels] },
    backward({ slope, inputsWanted }) {
      if (!inputsWanted) return { inputs: [], weights: {} };
      const share = g.op('Div', [slope, g.scalar(places)]);
      const one = g.op('Reshape', [share, g.integers(-1, ...axes.map(() => 1), channels)]);
      return { inputs: [g.op('Expand', [one, g.op('Shape', [x])])], weights: {} };
    },
  };
};

/** The largest of each channel. Each of several equal ones gets the whole gradient, as in tfjs. */
export const lowerGlobalMaxPooling: LowerLayer = (scope) => {
  const { graph: g, inputs } = scope;
  const { axes, channels } = shapeOf(scope);
  const x = inputs[0]!.name;
  const largest = g.op('ReduceMax', [x], { axes, keepdims: 1 });
  return {
    output: { name: g.op('Reshape', [largest, g.integers(-1, channels)]), shape: [channels] },
    backward({ slope, inputsWanted }) {
      if (!inputsWanted) return { inputs: [], weights: {} };
      const one = g.op('Reshape', [slope, g.integers(-1, ...axes.map(() => 1), channels)]);
      return { inputs: [g.op('Mul', [one, isTrue(g, g.op('Equal', [x, largest]))])], weights: {} };
    },
  };
};

function shapeOf({ layer: { kind, config }, inputs }: Parameters<LowerLayer>[0]): {
  readonly axes: readonly number[];
  readonly places: number;
  readonly channels: number;
} {
  if (config.dataFormat === 'channelsFirst') throw new NotLowered(`${kind} of channels first is not lowered`);
  const { shape } = inputs[0]!;
  const line = shape.slice(0, -1);
  return { axes: line.map((_, i) => i + 1), places: sizeOf(line), channels: shape.at(-1)! };
}
