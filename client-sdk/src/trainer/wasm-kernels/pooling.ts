import type { Tf } from '../tf.js';
import { type BackendName, filled, type Kernel } from './kernel.js';
import { eachPlace, planeWindows, type Windows } from './windows.js';

interface PoolAttributes {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: Parameters<Tf['backend_util']['computePool2DInfo']>[4];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type WindowsOf = (input: readonly number[], attributes: object) => Windows;

/**
 * The gradients of the largest number of each window, as tfjs means them: the first of equal ones gets all of it.
 *
 * tfjs-backend-wasm 4.22 begins its search with the smallest number above zero, so it loses the gradient of every window without a number
 * above zero; tfjs-backend-cpu mistakes places of boxes that are not as wide as high.
 */
export function maxPoolingGradients(tf: Tf, backendName: BackendName): Kernel[] {
  return [
    maxGradient('MaxPoolGrad', backendName, ofPlanes(tf)),
    maxGradient('MaxPool3DGrad', backendName, ofVolumes(tf)),
  ];
}

/** The largest number of each box: the same search of the wasm backend loses it where there is none above zero. */
export function maxPoolingOfVolumes(tf: Tf): Kernel {
  return {
    kernelName: 'MaxPool3D',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs = {}, backend }) => {
      const windows = ofVolumes(tf)(inputs.x!.shape, attrs);
      return filled(backend, windows.outShape, [inputs.x!], (output, [x]) => output.set(largest(windows, x!).values));
    },
  };
}

function maxGradient(kernelName: string, backendName: BackendName, windowsOf: WindowsOf): Kernel {
  return {
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs = {}, backend }) => {
      const { input, dy } = inputs;
      const windows = windowsOf(input!.shape, attrs);
      return filled(backend, input!.shape, [input!, dy!], (gradient, [x, slopes]) => {
        const { places } = largest(windows, x!);
        places.forEach((place, to) => {
          // None is the largest where nothing is a number.
          if (place >= 0) gradient[place]! += slopes![to]!;
        });
      });
    },
  };
}

function largest(windows: Windows, x: ArrayLike<number>): { values: Float32Array; places: Int32Array } {
  const size = windows.outShape.reduce((product, dimension) => product * dimension, 1);
  const values = new Float32Array(size).fill(Number.NEGATIVE_INFINITY);
  const places = new Int32Array(size).fill(-1);
  const channels = windows.inChannels;
  eachPlace(windows, (from, to) => {
    for (let channel = 0; channel < channels; channel++) {
      const value = x[from + channel]!;
      if (!(value > values[to + channel]!)) continue;
      values[to + channel] = value;
      places[to + channel] = from + channel;
    }
  });
  return { values, places };
}

/**
 * The gradients of means over windows. Both backends of tfjs 4.22 take the mean of a window that reaches over the edge over what is within,
 * but share its gradient out over the whole window.
 */
export function averagePoolingGradients(tf: Tf, backendName: BackendName): Kernel[] {
  return [
    averageGradient('AvgPoolGrad', backendName, ofPlanes(tf)),
    averageGradient('AvgPool3DGrad', backendName, ofVolumes(tf)),
  ];
}

function averageGradient(kernelName: string, backendName: BackendName, windowsOf: WindowsOf): Kernel {
  return {
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs = {}, backend }) => {
      const { input, dy } = inputs;
      const windows = windowsOf(input!.shape, attrs);
      const channels = windows.inChannels;
      return filled(backend, input!.shape, [dy!], (gradient, [slopes]) => {
        const within = new Uint32Array(slopes!.length / channels);
        eachPlace(windows, (_, to) => {
          within[to / channels]! += 1;
        });
        eachPlace(windows, (from, to) => {
          const share = 1 / within[to / channels]!;
          for (let channel = 0; channel < channels; channel++) {
            gradient[from + channel]! += slopes![to + channel]! * share;
          }
        });
      });
    },
  };
}

function ofPlanes(tf: Tf): WindowsOf {
  return (input, attributes) => {
    const { filterSize, strides, pad, dimRoundingMode } = attributes as PoolAttributes;
    const shape = input as [number, number, number, number];
    return planeWindows(tf.backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode));
  };
}

function ofVolumes(tf: Tf): WindowsOf {
  return (input, attributes) => {
    const { filterSize, strides, pad, dimRoundingMode } = attributes as PoolAttributes;
    return tf.backend_util.computePool3DInfo(
      input as [number, number, number, number, number],
      filterSize as number,
      strides as number,
      1,
      pad as 'same' | 'valid' | number,
      dimRoundingMode,
    );
  };
}
