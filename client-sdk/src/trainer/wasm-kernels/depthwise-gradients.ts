import type { Tf } from '../tf.js';
import { type ConvolutionInfo, convolutionInfo, type Kernel, type WasmBackend } from './kernel.js';

/** The gradient of a depthwise convolution's filter. One product for each value of the output and each tap, in the backend's memory. */
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
      const gradient = wasm.typedArrayFromHeap(filter).fill(0);
      const { inChannels, outChannels } = info;
      eachTap(info, (from, to, tap) => {
        for (let channel = 0, out = 0; channel < inChannels; channel++) {
          const value = x[from + channel]!;
          for (const end = (outChannels / inChannels) * (channel + 1); out < end; out++) {
            gradient[tap + out]! += value * dy[to + out]!;
          }
        }
      });
      return filter;
    },
  };
}

/** The gradient of its input. */
export function depthwiseInputGradient(tf: Tf): Kernel {
  return {
    kernelName: 'DepthwiseConv2dNativeBackpropInput',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs = {}, backend }) => {
      const wasm = backend as WasmBackend;
      const { inputShape } = attrs as { inputShape: number[] };
      const info = convolutionInfo(tf, inputShape, inputs.filter!.shape, attrs, true);
      const input = wasm.makeOutput(inputShape, 'float32');
      const [dy, filter] = [wasm.typedArrayFromHeap(inputs.dy!), wasm.typedArrayFromHeap(inputs.filter!)];
      const gradient = wasm.typedArrayFromHeap(input).fill(0);
      const { inChannels, outChannels } = info;
      eachTap(info, (from, to, tap) => {
        for (let channel = 0, out = 0; channel < inChannels; channel++) {
          let sum = 0;
          for (const end = (outChannels / inChannels) * (channel + 1); out < end; out++) {
            sum += filter[tap + out]! * dy[to + out]!;
          }
          gradient[from + channel]! += sum;
        }
      });
      return input;
    },
  };
}

/** Every place of the output with every tap of the filter that lies in the input there: where input, output and tap begin. */
function eachTap(info: ConvolutionInfo, take: (from: number, to: number, tap: number) => void): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padInfo } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = info;
  for (let image = 0; image < batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const to = ((image * outHeight + outRow) * outWidth + outColumn) * outChannels;
        for (let tapRow = 0; tapRow < filterHeight; tapRow++) {
          const row = outRow * strideHeight - padInfo.top + tapRow * dilationHeight;
          if (row < 0 || row >= inHeight) continue;
          for (let tapColumn = 0; tapColumn < filterWidth; tapColumn++) {
            const column = outColumn * strideWidth - padInfo.left + tapColumn * dilationWidth;
            if (column < 0 || column >= inWidth) continue;
            const from = ((image * inHeight + row) * inWidth + column) * inChannels;
            const tap = (tapRow * filterWidth + tapColumn) * outChannels;
            take(from, to, tap);
          }
        }
      }
    }
  }
}
