import type { Tf } from '../tf.js';
import { filled, type Kernel } from './kernel.js';
import { eachPlace, type Windows } from './windows.js';

interface VolumeAttributes {
  readonly strides: number | [number, number, number];
  readonly pad: 'same' | 'valid';
}

type Volume = [number, number, number, number, number];

/**
 * The gradients of a convolution of volumes, as plain loops. Those of tfjs-backend-wasm 4.22 are wrong, without a word: that of the input
 * for every batch and channel but one, both of them with strides.
 */
export function volumeGradients(tf: Tf): Kernel[] {
  return [
    {
      kernelName: 'Conv3DBackpropFilterV2',
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs = {}, backend }) => {
        const { filterShape } = attrs as { filterShape: Volume };
        const windows = windowsOf(tf, inputs.x!.shape, filterShape, attrs);
        return filled(backend, filterShape, [inputs.x!, inputs.dy!], (gradient, [x, dy]) =>
          eachPair(windows, (from, to, weight) => {
            const value = x![from]!;
            for (let out = 0; out < windows.outChannels; out++) gradient[weight + out]! += value * dy![to + out]!;
          }),
        );
      },
    },
    {
      kernelName: 'Conv3DBackpropInputV2',
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs = {}, backend }) => {
        const { inputShape } = attrs as { inputShape: Volume };
        const windows = windowsOf(tf, inputShape, inputs.filter!.shape, attrs);
        return filled(backend, inputShape, [inputs.filter!, inputs.dy!], (gradient, [filter, dy]) =>
          eachPair(windows, (from, to, weight) => {
            let sum = 0;
            for (let out = 0; out < windows.outChannels; out++) sum += filter![weight + out]! * dy![to + out]!;
            gradient[from]! += sum;
          }),
        );
      },
    },
  ];
}

/** Every number of the input with every window it lies in: where it is, where the window's channels begin and the weights from one to the other. */
function eachPair(windows: Windows, take: (from: number, to: number, weight: number) => void): void {
  const { inChannels, outChannels } = windows;
  eachPlace(windows, (from, to, place) => {
    for (let channel = 0; channel < inChannels; channel++) {
      take(from + channel, to, (place * inChannels + channel) * outChannels);
    }
  });
}

function windowsOf(tf: Tf, input: readonly number[], filter: readonly number[], attributes: object): Windows {
  const { strides, pad } = attributes as VolumeAttributes;
  return tf.backend_util.computeConv3DInfo(input as Volume, filter as Volume, strides, 1, pad);
}
