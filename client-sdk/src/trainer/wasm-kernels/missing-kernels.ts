import type { Tf } from '../tf.js';
import { convolutionFilterGradient } from './convolution-filter-gradient.js';
import { convolutionInputGradient } from './convolution-input-gradient.js';
import { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise-gradients.js';
import type { Kernel } from './kernel.js';
import { withOwnPadding } from './same-padding.js';
import { segmentSum } from './segment-sum.js';

const convolutions = ['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2D'];

/**
 * What tfjs-backend-wasm 4.22 lacks to train convolutions and embeddings, a faster gradient of a convolution's input, and convolutions that are
 * right with every stride. Values agree with the cpu backend to rounding.
 *
 * Applies to this copy of tfjs in this thread; call it once, when the backend is ready.
 */
export function registerMissingKernels(tf: Tf): void {
  tf.registerKernel(convolutionFilterGradient(tf));
  tf.registerKernel(depthwiseFilterGradient(tf));
  tf.registerKernel(depthwiseInputGradient(tf));
  tf.registerKernel(segmentSum);
  replace(tf, 'Conv2DBackpropInput', convolutionInputGradient);
  for (const name of convolutions) replace(tf, name, withOwnPadding);
}

function replace(tf: Tf, name: string, made: (tf: Tf, stock: Kernel) => Kernel): void {
  const stock = tf.getKernel(name, 'wasm');
  tf.unregisterKernel(name, 'wasm');
  tf.registerKernel(made(tf, stock));
}
