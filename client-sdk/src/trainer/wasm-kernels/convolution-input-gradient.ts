import type { Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../tf.js';
import { asTensor, convolutionInfo, type Kernel } from './kernel.js';

/** Products of one channel with one filter at one place, below which the stock kernel is as fast. */
const productsMin = 1_000_000;

/**
 * The gradient of a convolution's input as a convolution of the padded gradient of its output with the turned filter: 22 ms where the stock
 * kernel, a scalar loop, takes 104. With strides, and where little is to be done, the stock one.
 *
 * @param stock of the backend.
 */
export function convolutionInputGradient(tf: Tf, stock: Kernel): Kernel {
  return {
    ...stock,
    kernelFunc: (args) => {
      const { inputs, attrs = {} } = args;
      const { inputShape } = attrs as { inputShape: [number, number, number, number] };
      const info = convolutionInfo(tf, inputShape, inputs.filter!.shape, attrs, false);
      const { padInfo, filterHeight, filterWidth, inHeight, inWidth, outHeight, outWidth } = info;
      const products = info.batchSize * outHeight * outWidth * filterHeight * filterWidth;
      const isSmall = products * info.inChannels * info.outChannels < productsMin;
      const top = filterHeight - 1 - padInfo.top;
      const left = filterWidth - 1 - padInfo.left;
      const bottom = inHeight + filterHeight - 1 - outHeight - top;
      const right = inWidth + filterWidth - 1 - outWidth - left;
      const isPlain = info.strideHeight === 1 && info.strideWidth === 1;
      if (isSmall || !isPlain || Math.min(top, left, bottom, right) < 0) return stock.kernelFunc(args);
      return tf.tidy(() => {
        const [dy, filter] = [asTensor(tf, inputs.dy!) as Tensor4D, asTensor(tf, inputs.filter!) as Tensor4D];
        const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]) as Tensor4D;
        const padded = tf.pad(dy, [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]) as Tensor4D;
        return tf.conv2d(padded, turned, 1, 'valid');
      });
    },
  };
}
