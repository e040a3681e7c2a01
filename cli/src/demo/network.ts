import { drawsOf } from './shards.js';

/** The 2NN of McMahan et al. 2017: two hidden layers of 200, 199,210 parameters. */
const units = [784, 200, 200, 10] as const;

/** One tensor of the initial model, float32 in row-major order. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The network as a tfjs LayersModel topology, written as plain data: making a model needs no training library. */
export function networkTopology(): object {
  const layers = units.slice(1).map((width, layer) => ({
    class_name: 'Dense',
    config: {
      name: `dense_${layer + 1}`,
      trainable: true,
      dtype: 'float32',
      ...(layer === 0 ? { batch_input_shape: [null, units[0]] } : {}),
      units: width,
      activation: layer === units.length - 2 ? 'softmax' : 'relu',
      use_bias: true,
      kernel_initializer: { class_name: 'GlorotUniform', config: {} },
      bias_initializer: { class_name: 'Zeros', config: {} },
    },
  }));
  return { class_name: 'Sequential', config: { name: 'digits', layers } };
}

/**
 * Initial weights by seed: kernels uniform in ±√(6 / (in + out)), biases zero.
 *
 * @returns tensors in the order the network uses them: kernel [in, out], bias [out], layer by layer.
 * @see Glorot and Bengio 2010, equation 16.
 */
export function initialWeights(seed: number): NamedTensor[] {
  return units.slice(1).flatMap((width, layer) => {
    const inputs = units[layer]!;
    const limit = Math.sqrt(6 / (inputs + width));
    const draw = drawsOf(seed, `weights/${layer}`);
    const kernel = Float32Array.from({ length: inputs * width }, () => (2 * draw() - 1) * limit);
    return [
      { name: `dense_${layer + 1}/kernel`, shape: [inputs, width], values: kernel },
      { name: `dense_${layer + 1}/bias`, shape: [width], values: new Float32Array(width) },
    ];
  });
}
