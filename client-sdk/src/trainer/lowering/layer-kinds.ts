import { lowerActivation, lowerElu, lowerLeakyRelu, lowerRelu, lowerSoftmax } from './layers/activation-layers.js';
import { lowerAdd } from './layers/add.js';
import { lowerBatchNormalization } from './layers/batch-normalization.js';
import { lowerConv2d } from './layers/conv2d.js';
import { lowerDense } from './layers/dense.js';
import type { LowerLayer } from './layers/layer.js';
import { lowerGlobalAveragePooling2d, lowerMaxPooling2d } from './layers/pooling.js';
import { lowerDropout, lowerFlatten, lowerInput, lowerReshape } from './layers/shape-layers.js';

/** The layers that become ONNX nodes, as tfjs registers them. */
export const layerKinds: Readonly<Record<string, LowerLayer>> = {
  Activation: lowerActivation,
  Add: lowerAdd,
  BatchNormalization: lowerBatchNormalization,
  Conv2D: lowerConv2d,
  Dense: lowerDense,
  Dropout: lowerDropout,
  ELU: lowerElu,
  Flatten: lowerFlatten,
  GlobalAveragePooling2D: lowerGlobalAveragePooling2d,
  InputLayer: lowerInput,
  LeakyReLU: lowerLeakyRelu,
  MaxPooling2D: lowerMaxPooling2d,
  ReLU: lowerRelu,
  Reshape: lowerReshape,
  Softmax: lowerSoftmax,
};
