import { activationOf } from '../activations.js';
import { type LowerLayer, reshaped } from './layer.js';

/** y = activation(x · kernel + bias) along the last axis: kernel [in, units]. */
export const lowerDense: LowerLayer = ({ graph: g, layer, inputs, weight }) => {
  const { shape, name: given } = inputs[0]!;
  const {
    units,
    activation: name,
    useBias,
  } = layer.config as {
    units: number;
    activation?: unknown;
    useBias?: boolean;
  };
  const activation = activationOf(name);
  const features = shape.at(-1)!;
  const kernel = weight('kernel', [features, units]);
  const bias = useBias === false ? undefined : weight('bias', [units]);
  const outputShape = [...shape.slice(0, -1), units];
  const flat = shape.length === 1;
  const x = flat ? given : reshaped(g, given, [features]);
  const z = g.op('Gemm', bias === undefined ? [x, kernel] : [x, kernel, bias]);
  const y = activation.forward(g, z);
  return {
    output: { name: flat ? y : reshaped(g, y, outputShape), shape: outputShape },
    endsInSoftmax: name === 'softmax',
    backward({ slope, by, inputsWanted }) {
      const dy = flat ? slope : reshaped(g, slope, [units]);
      const dz = by === 'logits' ? dy : activation.backward(g, { x: z, y, dy });
      const dx = (): string => {
        const product = g.op('Gemm', [dz, kernel], { transB: 1 });
        return flat ? product : reshaped(g, product, shape);
      };
      return {
        inputs: inputsWanted ? [dx()] : [],
        weights: {
          [kernel]: { kind: 'product', left: x, right: dz },
          ...(bias === undefined
            ? {}
            : { [bias]: { kind: 'tensor', name: g.op('ReduceSum', [dz, g.integers(0)], { keepdims: 0 }) } }),
        },
      };
    },
  };
};
