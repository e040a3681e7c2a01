import { lowerActivation, lowerElu, lowerLeakyRelu, lowerRelu, lowerSoftmax } from './layers/activation-layers.js';
import { lowerAveragePooling2d } from './layers/average-pooling.js';
import { lowerBatchNormalization } from './layers/batch-normalization.js';
import { lowerConv2d } from './layers/conv2d.js';
import { lowerDense } from './layers/dense.js';
import { lowerDepthwiseConv2d, lowerSeparableConv2d } from './layers/depthwise-conv2d.js';
import { lowerDropout, lowerSpatialDropout1d } from './layers/dropout.js';
import { lowerEmbedding } from './layers/embedding.js';
import { lowerGlobalAveragePooling, lowerGlobalMaxPooling } from './layers/global-pooling.js';
import type { LowerLayer } from './layers/layer.js';
import { lowerLayerNormalization } from './layers/layer-normalization.js';
import {
  lowerAdd,
  lowerAverage,
  lowerConcatenate,
  lowerMaximum,
  lowerMinimum,
  lowerMultiply,
} from './layers/merges.js';
import { alongOneDimension } from './layers/one-dimension.js';
import { lowerMaxPooling2d } from './layers/pooling.js';
import { lowerGru, lowerLstm, lowerSimpleRnn } from './layers/recurrent-cells.js';
import { lowerFlatten, lowerInput, lowerReshape } from './layers/shape-layers.js';
import { lowerZeroPadding2d } from './layers/zero-padding.js';

/** The layers that become ONNX nodes, as tfjs registers them. */
export const layerKinds: Readonly<Record<string, LowerLayer>> = {
  Activation: lowerActivation,
  Add: lowerAdd,
  Average: lowerAverage,
  AveragePooling1D: alongOneDimension(lowerAveragePooling2d),
  AveragePooling2D: lowerAveragePooling2d,
  BatchNormalization: lowerBatchNormalization,
  Concatenate: lowerConcatenate,
  Conv1D: alongOneDimension(lowerConv2d),
  Conv2D: lowerConv2d,
  Dense: lowerDense,
  DepthwiseConv2D: lowerDepthwiseConv2d,
  Dropout: lowerDropout,
  ELU: lowerElu,
  Embedding: lowerEmbedding,
  Flatten: lowerFlatten,
  GlobalAveragePooling1D: lowerGlobalAveragePooling,
  GlobalAveragePooling2D: lowerGlobalAveragePooling,
  GlobalMaxPooling1D: lowerGlobalMaxPooling,
  GlobalMaxPooling2D: lowerGlobalMaxPooling,
  GRU: lowerGru,
  InputLayer: lowerInput,
  LSTM: lowerLstm,
  LayerNormalization: lowerLayerNormalization,
  LeakyReLU: lowerLeakyRelu,
  MaxPooling1D: alongOneDimension(lowerMaxPooling2d),
  MaxPooling2D: lowerMaxPooling2d,
  Maximum: lowerMaximum,
  Minimum: lowerMinimum,
  Multiply: lowerMultiply,
  ReLU: lowerRelu,
  Reshape: lowerReshape,
  SeparableConv2D: lowerSeparableConv2d,
  SimpleRNN: lowerSimpleRnn,
  SpatialDropout1D: lowerSpatialDropout1d,
  Softmax: lowerSoftmax,
  ZeroPadding2D: lowerZeroPadding2d,
};
