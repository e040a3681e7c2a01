import { type Activation, activationOf, cappedRelu, leakyRelu } from '../activations.js';
import { NotLowered } from '../not-lowered.js';
import type { LayerSpec } from '../topology.js';
import type { LowerLayer } from './layer.js';

/** Layers that are nothing but an activation. */
export const lowerActivation: LowerLayer = activationLayer(({ config }) => activationOf(config.activation));

export const lowerSoftmax: LowerLayer = (scope) => {
  const { shape } = scope.inputs[0]!;
  const axis = (scope.layer.config.axis as number | undefined) ?? -1;
  // Counted with the batch, which is axis 0.
  if (axis !== -1 && axis !== shape.length) throw new NotLowered(`Softmax along axis ${axis} is not lowered`);
  return { ...activationLayer(() => activationOf('softmax'))(scope), endsInSoftmax: true };
};

export const lowerRelu: LowerLayer = activationLayer(({ config: { maxValue } }) => {
  return maxValue === undefined || maxValue === null ? activationOf('relu') : cappedRelu(maxValue as number);
});

export const lowerLeakyRelu: LowerLayer = activationLayer(({ config }) => leakyRelu((config.alpha as number) ?? 0.3));

export const lowerElu: LowerLayer = activationLayer(({ config: { alpha } }) => {
  if (alpha === undefined || alpha === null || alpha === 1) return activationOf('elu');
  throw new NotLowered(`ELU with alpha ${alpha} is not lowered`);
});

function activationLayer(choose: (layer: LayerSpec) => Activation): LowerLayer {
  return ({ graph, layer, inputs: [given] }) => {
    const activation = choose(layer);
    const { name: x, shape } = given!;
    const y = activation.forward(graph, x);
    return {
      output: { name: y, shape },
      endsInSoftmax: layer.kind === 'Activation' && layer.config.activation === 'softmax',
      backward: ({ slope, by, inputsWanted }) => {
        if (!inputsWanted) return { inputs: [], weights: {} };
        return { inputs: [by === 'logits' ? slope : activation.backward(graph, { x, y, dy: slope })], weights: {} };
      },
    };
  };
}
