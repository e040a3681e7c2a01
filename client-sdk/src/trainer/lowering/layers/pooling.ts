import { activationOf } from '../activations.js';
import type { Graph, Value } from '../graph.js';
import { NotLowered } from '../not-lowered.js';
import { disjointMaximum } from './disjoint-maximum.js';
import type { LoweredLayer, LowerLayer } from './layer.js';
import { channelsFirst, channelsLast, type Two, twoOf, windowsOf } from './planes.js';

/** The largest of each window; the first of equal ones gets the whole gradient, in tfjs as in ONNX. */
export const lowerMaxPooling2d: LowerLayer = ({ graph: g, layer: { kind, config }, inputs: [given] }) => {
  if (config.dataFormat === 'channelsFirst') throw new NotLowered(`${kind} of channels first is not lowered`);
  const [height, width, channels] = given!.shape as [number, number, number];
  const size = twoOf(config.poolSize, 2);
  const strides = twoOf(config.strides, size);
  const { output, pads } = windowsOf([height, width], size, strides, config.padding);
  if (strides.every((stride, i) => stride === size[i] && [height, width][i]! % stride === 0)) {
    return disjoint(g, given!, size);
  }
  const x = channelsFirst(g, given!.name);
  const [y, places] = g.ops('MaxPool', [x], 2, { kernel_shape: size, strides, pads }) as [string, string];
  return {
    output: { name: channelsLast(g, y), shape: [...output, channels] },
    backward({ slope, inputsWanted }) {
      if (!inputsWanted) return { inputs: [], weights: {} };
      // Places count through the whole batch. Windows may overlap: what a number gets from several is added up. MaxUnpool,
      // which overlapping windows rule out, was no faster.
      const all = g.integers(-1);
      const zeros = g.op('ConstantOfShape', [g.op('Reshape', [g.op('Size', [x]), g.integers(1)])]);
      const flat = (name: string): string => g.op('Reshape', [name, all]);
      const slopes = g.op('ScatterElements', [zeros, flat(places), flat(channelsFirst(g, slope))], {
        axis: 0,
        reduction: 'add',
      });
      const dx = g.op('Reshape', [slopes, g.integers(-1, channels, height, width)]);
      return { inputs: [channelsLast(g, dx)], weights: {} };
    },
  };
};

function disjoint(g: Graph, given: Value, size: Two): LoweredLayer {
  const [height, width, channels] = given.shape as [number, number, number];
  const { y, backward } = disjointMaximum(g, given.name, [height, width, channels], size);
  return {
    output: { name: y, shape: [height / size[0], width / size[1], channels] },
    backward({ slope, inputsWanted }) {
      if (!inputsWanted) return { inputs: [], weights: {} };
      if (given.rectified !== true) return { inputs: [backward(slope)], weights: {} };
      // A window's largest number is 0 where all are, and then none of them has a slope: told here, of fewer numbers.
      const passed = activationOf('relu').backward(g, { x: y, y, dy: slope });
      return { inputs: [backward(passed)], weights: {}, rectified: true };
    },
  };
}
