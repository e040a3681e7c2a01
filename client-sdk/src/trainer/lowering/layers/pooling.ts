import { NotLowered } from '../not-lowered.js';
import type { LowerLayer } from './layer.js';
import { channelsFirst, channelsLast, twoOf, windowsOf } from './planes.js';

/** The largest of each window; the first of equal ones gets the whole gradient, in tfjs as in ONNX. */
export const lowerMaxPooling2d: LowerLayer = ({ graph: g, layer: { kind, config }, inputs: [given] }) => {
  if (config.dataFormat === 'channelsFirst') throw new NotLowered(`${kind} of channels first is not lowered`);
  const [height, width, channels] = given!.shape as [number, number, number];
  const size = twoOf(config.poolSize, 2);
  const strides = twoOf(config.strides, size);
  const { output, pads } = windowsOf([height, width], size, strides, config.padding);
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
