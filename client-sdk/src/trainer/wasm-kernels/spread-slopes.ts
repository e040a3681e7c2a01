import type { Tensor4D } from '@tensorflow/tfjs';
import type { Tf } from '../tf.js';
import type { ConvolutionInfo } from './kernel.js';

/**
 * The gradient of a convolution's output as the input of a convolution without strides or padding by the turned filter, which gives the
 * gradient of the input: zeros between the places that strides leave out, and around.
 *
 * @param dy [batch, rows, columns, filters].
 */
export function spreadSlopes(tf: Tf, dy: Tensor4D, info: ConvolutionInfo): Tensor4D {
  const { padInfo, strideHeight, strideWidth, effectiveFilterHeight, effectiveFilterWidth } = info;
  const between = zerosBetween(tf, dy, strideHeight, strideWidth);
  const around = (length: number, filter: number, before: number, spread: number): [number, number] => {
    const first = filter - 1 - before;
    return [first, length + filter - 1 - spread - first];
  };
  return tf.pad(between, [
    [0, 0],
    around(info.inHeight, effectiveFilterHeight, padInfo.top, between.shape[1]),
    around(info.inWidth, effectiveFilterWidth, padInfo.left, between.shape[2]),
    [0, 0],
  ]) as Tensor4D;
}

function zerosBetween(tf: Tf, dy: Tensor4D, strideHeight: number, strideWidth: number): Tensor4D {
  if (strideHeight === 1 && strideWidth === 1) return dy;
  const [batch, rows, columns, filters] = dy.shape;
  const apart = tf.pad(dy.reshape([batch, rows, 1, columns, 1, filters]), [
    [0, 0],
    [0, 0],
    [0, strideHeight - 1],
    [0, 0],
    [0, strideWidth - 1],
    [0, 0],
  ]);
  const size: [number, number, number, number] = [
    batch,
    (rows - 1) * strideHeight + 1,
    (columns - 1) * strideWidth + 1,
    filters,
  ];
  return tf.slice(
    apart.reshape([batch, rows * strideHeight, columns * strideWidth, filters]) as Tensor4D,
    [0, 0, 0, 0],
    size,
  );
}
