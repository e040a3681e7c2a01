import type { NamedTensor } from '@concordat/core';
import { drawsOf } from '../data/seeded-order.js';

/** A model as data: no training library is needed to make, store or send one. */
export interface LayersModel {
  /** tfjs LayersModel topology, JSON. */
  readonly topology: object;
  /** In the order the topology's layers use them. */
  readonly tensors: readonly NamedTensor[];
}

/**
 * A fully connected classifier: relu layers, then softmax. `{inputs: 784, hidden: [200, 200], classes: 10}` is the 2NN
 * of McMahan et al. 2017, 199,210 parameters.
 *
 * Kernels are uniform in ±√(6 / (in + out)), biases zero (Glorot and Bengio 2010, equation 16), from a seeded stream:
 * the same seed gives the same bytes everywhere.
 */
export function denseNetwork(options: {
  readonly inputs: number;
  readonly hidden: readonly number[];
  readonly classes: number;
  readonly seed: string;
}): LayersModel {
  const units = [...options.hidden, options.classes];
  const layers = units.map((width, i) => ({
    class_name: 'Dense',
    config: {
      name: `dense_${i + 1}`,
      trainable: true,
      dtype: 'float32',
      ...(i === 0 ? { batch_input_shape: [null, options.inputs] } : {}),
      units: width,
      activation: i === units.length - 1 ? 'softmax' : 'relu',
      use_bias: true,
      kernel_initializer: { class_name: 'GlorotUniform', config: {} },
      bias_initializer: { class_name: 'Zeros', config: {} },
    },
  }));
  const tensors = units.flatMap((width, i) => {
    const fanIn = i === 0 ? options.inputs : units[i - 1]!;
    const limit = Math.sqrt(6 / (fanIn + width));
    const draw = drawsOf(`weights/${i}/${options.seed}`);
    return [
      {
        name: `dense_${i + 1}/kernel`,
        shape: [fanIn, width],
        values: Float32Array.from({ length: fanIn * width }, () => (2 * draw() - 1) * limit),
      },
      { name: `dense_${i + 1}/bias`, shape: [width], values: new Float32Array(width) },
    ];
  });
  return { topology: { class_name: 'Sequential', config: { name: 'dense', layers } }, tensors };
}
