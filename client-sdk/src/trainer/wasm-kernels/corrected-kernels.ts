import type { Tf } from '../tf.js';
import type { BackendName, Kernel } from './kernel.js';
import { averagePoolingGradients, maxPoolingGradients, maxPoolingOfVolumes } from './pooling.js';
import { nearestGradient, withShapeOfImages } from './resize-gradients.js';
import { volumeGradients } from './volume-gradients.js';

/**
 * Replace what tfjs 4.22 computes wrongly, without a word, in the training of layers models. Found by training every kind of layer on both
 * backends and holding both against differences of the loss; see docs/decisions/0029.
 *
 * Applies to this copy of tfjs in this thread; call it once, when the backend is ready.
 */
export function correctKernels(tf: Tf, backendName: BackendName): void {
  const kernels = [...maxPoolingGradients(tf, backendName), ...averagePoolingGradients(tf, backendName)];
  if (backendName === 'wasm') kernels.push(maxPoolingOfVolumes(tf), ...volumeGradients(tf));
  else kernels.push(nearestGradient, withShapeOfImages(tf.getKernel('ResizeBilinearGrad', 'cpu')));
  for (const kernel of kernels) replace(tf, kernel);
}

function replace(tf: Tf, kernel: Kernel): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}
