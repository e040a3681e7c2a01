import { NotLowered } from '../not-lowered.js';
import type { LowerLayer } from './layer.js';
import { channelsFirst, channelsLast, leftOver, type Two, twoOf, type Windows, windowsOf } from './planes.js';

/** The mean of each window, of what lies within the plane. */
export const lowerAveragePooling2d: LowerLayer = ({ graph: g, layer: { kind, config }, inputs: [given] }) => {
  if (config.dataFormat === 'channelsFirst') throw new NotLowered(`${kind} of channels first is not lowered`);
  const [height, width, channels] = given!.shape as [number, number, number];
  const size = twoOf(config.poolSize, 2);
  const windows = windowsOf([height, width], size, twoOf(config.strides, size), config.padding);
  const { strides, output, pads } = windows;
  const x = channelsFirst(g, given!.name);
  const y = g.op('AveragePool', [x], { kernel_shape: size, strides, pads });
  return {
    output: { name: channelsLast(g, y), shape: [...output, channels] },
    backward({ slope, inputsWanted }) {
      if (!inputsWanted) return { inputs: [], weights: {} };
      // Every plane by itself, its shares laid where the window was: a convolution turned round, of ones.
      const counts = countsOf(windows, [height, width]);
      const shares = g.op('Div', [channelsFirst(g, slope), g.floats([1, 1, ...output], counts)]);
      const planes = g.op('Reshape', [shares, g.integers(-1, 1, ...output)]);
      const ones = g.floats([1, 1, ...size], new Array(size[0] * size[1]).fill(1));
      const output_padding = leftOver(windows, [height, width]);
      const laid = g.op('ConvTranspose', [planes, ones], { strides, pads, output_padding });
      return {
        inputs: [channelsLast(g, g.op('Reshape', [laid, g.integers(-1, channels, height, width)]))],
        weights: {},
      };
    },
  };
};

/** How many numbers of the plane each window has. */
function countsOf({ size, strides, output, pads }: Windows, input: Two): number[] {
  const along = (i: 0 | 1): number[] =>
    Array.from({ length: output[i] }, (_, k) => {
      const start = k * strides[i] - pads[i];
      return Math.min(start + size[i], input[i]) - Math.max(start, 0);
    });
  const across = along(1);
  return along(0).flatMap((rows) => across.map((columns) => rows * columns));
}
