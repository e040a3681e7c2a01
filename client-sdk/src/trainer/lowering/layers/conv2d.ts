import { activationOf } from '../activations.js';
import type { Gradient } from '../optimizers.js';
import type { LowerLayer } from './layer.js';
import { channelsFirst, channelsLast, leftOver, requirePlainWindows, twoOf, windowsOf } from './planes.js';

/** Kernel [rows, columns, in, out], as tfjs has it; dilated and grouped convolutions are not covered. */
export const lowerConv2d: LowerLayer = ({ graph: g, layer, inputs, weight }) => {
  const { config } = layer;
  const [height, width, channels] = inputs[0]!.shape as [number, number, number];
  const filters = config.filters as number;
  requirePlainWindows(layer);
  const activation = activationOf(config.activation);
  const windows = windowsOf([height, width], twoOf(config.kernelSize), twoOf(config.strides), config.padding);
  const { size, strides, output, pads } = windows;
  const kernel = weight('kernel', [...size, channels, filters]);
  const bias = config.useBias === false ? undefined : weight('bias', [filters]);
  const x = channelsFirst(g, inputs[0]!.name);
  const turned = g.transpose(kernel, [3, 2, 0, 1]);
  const z = g.op('Conv', bias === undefined ? [x, turned] : [x, turned, bias], { strides, pads });
  const y = activation.forward(g, z);
  return {
    output: { name: channelsLast(g, y), shape: [...output, filters] },
    backward({ slope, inputsWanted }) {
      const dz = activation.backward(g, { x: z, y, dy: channelsFirst(g, slope) });
      const weights: Record<string, Gradient> = { [kernel]: { kind: 'tensor', name: kernelSlope(dz) } };
      if (bias !== undefined) {
        weights[bias] = { kind: 'tensor', name: g.op('ReduceSum', [dz, g.integers(0, 2, 3)], { keepdims: 0 }) };
      }
      return { inputs: inputsWanted ? [channelsLast(g, inputSlope(dz))] : [], weights };
    },
  };

  // There is no gradient among ONNX's operators. It is a convolution itself: channels as batch, slopes as filters, whose
  // places are `strides` apart. What the windows never reached comes out behind and is cut off.
  function kernelSlope(dz: string): string {
    const swap = [1, 0, 2, 3];
    const full = g.op('Conv', [g.transpose(x, swap), g.transpose(dz, swap)], { dilations: strides, pads });
    const cut = g.op('Slice', [full, g.integers(0, 0), g.integers(...size), g.integers(2, 3)]);
    return g.transpose(cut, [2, 3, 0, 1]);
  }

  function inputSlope(dz: string): string {
    return g.op('ConvTranspose', [dz, turned], { strides, pads, output_padding: leftOver(windows, [height, width]) });
  }
};
