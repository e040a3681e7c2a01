import type { Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../tf.js';
import { asTensor, type ConvolutionInfo, convolutionInfo, type Kernel, type WasmBackend } from './kernel.js';
import { spreadSlopes } from './spread-slopes.js';

/**
 * The gradient of a depthwise convolution's filter: plain loops over the backend's memory, tap by tap, summed in float64. As a depthwise
 * convolution itself, examples within the channels, it is no faster and less exact.
 */
export function depthwiseFilterGradient(tf: Tf): Kernel {
  return {
    kernelName: 'DepthwiseConv2dNativeBackpropFilter',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs = {}, backend }) => {
      const wasm = backend as WasmBackend;
      const { filterShape } = attrs as { filterShape: number[] };
      const info = convolutionInfo(tf, inputs.x!.shape, filterShape, attrs, true);
      const filter = wasm.makeOutput(filterShape, 'float32');
      const [x, dy] = [wasm.typedArrayFromHeap(inputs.x!), wasm.typedArrayFromHeap(inputs.dy!)];
      const gradient = wasm.typedArrayFromHeap(filter);
      const sums = new Float64Array(info.outChannels);
      for (let tap = 0; tap < info.filterHeight * info.filterWidth; tap++) {
        sums.fill(0);
        addTap(info, tap, x, dy, sums);
        gradient.set(sums, tap * info.outChannels);
      }
      return filter;
    },
  };
}

/** The gradient of its input: a depthwise convolution of the spread gradient of its output with the turned filter. */
export function depthwiseInputGradient(tf: Tf): Kernel {
  return {
    kernelName: 'DepthwiseConv2dNativeBackpropInput',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs = {} }) => {
      const { inputShape } = attrs as { inputShape: number[] };
      const info = convolutionInfo(tf, inputShape, inputs.filter!.shape, attrs, true);
      const { filterHeight, filterWidth, dilationHeight, dilationWidth, inChannels, outChannels } = info;
      return tf.tidy(() => {
        const [dy, filter] = [asTensor(tf, inputs.dy!) as Tensor4D, asTensor(tf, inputs.filter!) as Tensor4D];
        const turned = tf.reverse(filter, [0, 1]).reshape([filterHeight, filterWidth, outChannels, 1]) as Tensor4D;
        const dilations: [number, number] = [dilationHeight, dilationWidth];
        const each = tf.depthwiseConv2d(spreadSlopes(tf, dy, info), turned, 1, 'valid', 'NHWC', dilations);
        if (inChannels === outChannels) return each;
        const ofChannels = each.reshape([...inputShape, outChannels / inChannels]);
        return tf.sum(ofChannels, -1);
      });
    },
  };
}

/** What one tap of the filter sees of the input, times the gradient of the output there. */
function addTap(info: ConvolutionInfo, tap: number, x: Numbers, dy: Numbers, sums: Float64Array): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padInfo } = info;
  const [tapRow, tapColumn] = [Math.floor(tap / info.filterWidth), tap % info.filterWidth];
  for (let image = 0; image < batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      const row = outRow * info.strideHeight - padInfo.top + tapRow * info.dilationHeight;
      if (row < 0 || row >= inHeight) continue;
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const column = outColumn * info.strideWidth - padInfo.left + tapColumn * info.dilationWidth;
        if (column < 0 || column >= inWidth) continue;
        const from = ((image * inHeight + row) * inWidth + column) * inChannels;
        const to = ((image * outHeight + outRow) * outWidth + outColumn) * outChannels;
        if (inChannels === outChannels) addProducts(x, from, dy, to, sums);
        else addMultiplied(x, from, dy, to, sums, outChannels / inChannels);
      }
    }
  }
}

type Numbers = Float32Array | Int32Array;

function addProducts(x: Numbers, from: number, dy: Numbers, to: number, sums: Float64Array): void {
  for (let channel = 0; channel < sums.length; channel++) sums[channel]! += x[from + channel]! * dy[to + channel]!;
}

function addMultiplied(
  x: Numbers,
  from: number,
  dy: Numbers,
  to: number,
  sums: Float64Array,
  multiplier: number,
): void {
  for (let out = 0; out < sums.length; out++) sums[out]! += x[from + Math.floor(out / multiplier)]! * dy[to + out]!;
}
