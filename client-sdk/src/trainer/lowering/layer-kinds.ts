import { lowerActivation, lowerElu, lowerLeakyRelu, lowerRelu, lowerSoftmax } from './layers/activation-layers.js';
import { lowerDense } from './layers/dense.js';
import type { LowerLayer } from './layers/layer.js';
import { lowerDropout, lowerFlatten, lowerInput, lowerReshape } from './layers/shape-layers.js';

/** The layers that become ONNX nodes, as tfjs registers them. */
export const layerKinds: Readonly<Record<string, LowerLayer>> = {
  Activation: lowerActivation,
  Dense: lowerDense,
  Dropout: lowerDropout,
  ELU: lowerElu,
  Flatten: lowerFlatten,
  InputLayer: lowerInput,
  LeakyReLU: lowerLeakyRelu,
  ReLU: lowerRelu,
  Reshape: lowerReshape,
  Softmax: lowerSoftmax,
};
