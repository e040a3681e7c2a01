import type { Tf } from '../tf.js';
import { convolutionInfo, type Kernel } from './kernel.js';

/**
 * A convolution whose padding is reckoned here where the backend reckons wrongly: with `same` padding and a filter that is shorter than its
 * stride in one direction, tfjs-backend-wasm 4.22 gives other values than tfjs means, without a word.
 *
 * @param stock one of the backend's four convolutions.
 */
export function withOwnPadding(tf: Tf, stock: Kernel): Kernel {
  const depthwise = stock.kernelName.includes('Depthwise');
  return {
    ...stock,
    kernelFunc: (args) => {
      const { inputs, attrs = {} } = args;
      if (attrs.pad !== 'same') return stock.kernelFunc(args);
      const info = convolutionInfo(tf, inputs.x!.shape, inputs.filter!.shape, attrs, depthwise);
      const isLonger = info.effectiveFilterHeight >= info.strideHeight && info.effectiveFilterWidth >= info.strideWidth;
      if (isLonger) return stock.kernelFunc(args);
      const { top, bottom, left, right } = info.padInfo;
      const pad = [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ];
      return stock.kernelFunc({ ...args, attrs: { ...attrs, pad } });
    },
  };
}
