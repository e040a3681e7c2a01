import type { Value } from '../graph.js';
import { NotLowered } from '../not-lowered.js';
import { type LayerScope, type LoweredLayer, type LowerLayer, reshaped, sizeOf } from './layer.js';

/** Of integers too: the numbers come as float32 to tfjs as well. */
export const lowerInput: LowerLayer = ({ inputs: [given] }) => passing(given!);

export const lowerFlatten: LowerLayer = (scope) => {
  if (scope.layer.config.dataFormat === 'channelsFirst') {
    throw new NotLowered('Flatten of channels first is not lowered');
  }
  return reshaping(scope, [sizeOf(scope.inputs[0]!.shape)]);
};

export const lowerReshape: LowerLayer = (scope) => {
  const target = scope.layer.config.targetShape as readonly (number | null)[];
  const known = target.reduce<number>((product, size) => (isOpen(size) ? product : product * size!), 1);
  const open = sizeOf(scope.inputs[0]!.shape) / known;
  return reshaping(
    scope,
    target.map((size) => (isOpen(size) ? open : size!)),
  );
};

function isOpen(size: number | null): boolean {
  return size === null || size < 0;
}

export function passing(output: Value): LoweredLayer {
  return { output, backward: ({ slope, inputsWanted }) => ({ inputs: inputsWanted ? [slope] : [], weights: {} }) };
}

function reshaping({ graph, inputs: [given] }: LayerScope, shape: readonly number[]): LoweredLayer {
  return {
    output: { name: reshaped(graph, given!.name, shape), shape },
    backward: ({ slope, inputsWanted }) => ({
      inputs: inputsWanted ? [reshaped(graph, slope, given!.shape)] : [],
      weights: {},
    }),
  };
}
