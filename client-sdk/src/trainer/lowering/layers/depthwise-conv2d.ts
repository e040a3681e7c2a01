import { activationOf } from '../activations.js';
import type { Graph, Value } from '../graph.js';
import type { Gradient } from '../optimizers.js';
import { lowerConv2d } from './conv2d.js';
import type { LowerLayer } from './layer.js';
import {
  channelsFirst,
  channelsLast,
  leftOver,
  requirePlainWindows,
  twoOf,
  type Windows,
  windowsOf,
} from './planes.js';

/** Each channel by filters of its own: kernel [rows, columns, channels, multiplier]. */
export const lowerDepthwiseConv2d: LowerLayer = ({ graph: g, layer, inputs, weight }) => {
  requirePlainWindows(layer);
  const { config } = layer;
  const activation = activationOf(config.activation);
  const { windows, kernelShape, filters } = depthwiseShapes(config, inputs[0]!);
  const kernel = weight('depthwise_kernel', kernelShape);
  const bias = config.useBias === false ? undefined : weight('bias', [filters]);
  const convolution = convolveDepthwise(g, { input: inputs[0]!, windows, kernel, bias });
  const y = activation.forward(g, convolution.output);
  return {
    output: { name: channelsLast(g, y), shape: [...windows.output, filters] },
    backward({ slope, inputsWanted }) {
      const dz = activation.backward(g, { x: convolution.output, y, dy: channelsFirst(g, slope) });
      const weights: Record<string, Gradient> = { [kernel]: convolution.kernelSlope(dz) };
      if (bias !== undefined) {
        weights[bias] = { kind: 'tensor', name: g.op('ReduceSum', [dz, g.integers(0, 2, 3)], { keepdims: 0 }) };
      }
      return { inputs: inputsWanted ? [channelsLast(g, convolution.inputSlope(dz))] : [], weights };
    },
  };
};

/** A depthwise convolution without a bias, and behind it one of 1×1 over all channels. */
export const lowerSeparableConv2d: LowerLayer = (scope) => {
  const { graph: g, layer, inputs, weight } = scope;
  requirePlainWindows(layer);
  const { windows, kernelShape, filters } = depthwiseShapes(layer.config, inputs[0]!);
  const kernel = weight('depthwise_kernel', kernelShape);
  const depthwise = convolveDepthwise(g, { input: inputs[0]!, windows, kernel, bias: undefined });
  const pointwise = lowerConv2d({
    ...scope,
    layer: { ...layer, config: { ...layer.config, kernelSize: 1, strides: 1, padding: 'valid' } },
    inputs: [{ name: channelsLast(g, depthwise.output), shape: [...windows.output, filters] }],
    weight: (own, shape, options) => weight(own === 'kernel' ? 'pointwise_kernel' : own, shape, options),
  });
  return {
    ...pointwise,
    backward(incoming) {
      const { inputs: between, weights } = pointwise.backward({ ...incoming, inputsWanted: true });
      const dz = channelsFirst(g, between[0]!);
      return {
        inputs: incoming.inputsWanted ? [channelsLast(g, depthwise.inputSlope(dz))] : [],
        weights: { ...weights, [kernel]: depthwise.kernelSlope(dz) },
      };
    },
  };
};

function depthwiseShapes(
  config: Readonly<Record<string, unknown>>,
  { shape }: Value,
): { readonly windows: Windows; readonly kernelShape: readonly number[]; readonly filters: number } {
  const [height, width, channels] = shape as [number, number, number];
  const multiplier = (config.depthMultiplier as number | undefined) ?? 1;
  const windows = windowsOf([height, width], twoOf(config.kernelSize), twoOf(config.strides), config.padding);
  return { windows, kernelShape: [...windows.size, channels, multiplier], filters: channels * multiplier };
}

interface Depthwise {
  readonly input: Value;
  readonly windows: Windows;
  /** [rows, columns, channels, multiplier] */
  readonly kernel: string;
  readonly bias: string | undefined;
}

/** Channels come first in what goes in and out of these. */
function convolveDepthwise(
  g: Graph,
  { input, windows, kernel, bias }: Depthwise,
): {
  readonly output: string;
  kernelSlope(dz: string): Gradient;
  inputSlope(dz: string): string;
} {
  const [height, width, group] = input.shape as [number, number, number];
  const { size, strides, pads } = windows;
  const x = channelsFirst(g, input.name);
  const filters = g.op('Reshape', [g.transpose(kernel, [2, 3, 0, 1]), g.integers(-1, 1, ...size)]);
  return {
    output: g.op('Conv', bias === undefined ? [x, filters] : [x, filters, bias], { strides, pads, group }),
    // As in conv2d.ts, each channel's examples as the channels of one group.
    kernelSlope(dz) {
      const swap = [1, 0, 2, 3];
      const examples = g.op('Reshape', [g.transpose(x, swap), g.integers(1, -1, height, width)]);
      const full = g.op('Conv', [examples, g.transpose(dz, swap)], { dilations: strides, pads, group });
      const cut = g.op('Slice', [full, g.integers(0, 0), g.integers(...size), g.integers(2, 3)]);
      const apart = g.op('Reshape', [cut, g.integers(group, -1, ...size)]);
      return { kind: 'tensor', name: g.transpose(apart, [2, 3, 0, 1]) };
    },
    inputSlope: (dz) =>
      g.op('ConvTranspose', [dz, filters], {
        strides,
        pads,
        group,
        output_padding: leftOver(windows, [height, width]),
      }),
  };
}
