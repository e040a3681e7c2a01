import type { Value } from '../graph.js';
import { NotLowered } from '../not-lowered.js';
import { type LayerScope, type LoweredLayer, type LowerLayer, reshaped, sizeOf } from './layer.js';

export const lowerInput: LowerLayer = ({ layer, inputs: [given] }) => {
  if (layer.config.dtype === 'int32') throw new NotLowered('an input of integers is not lowered');
  return passing(given!);
};

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

export const lowerDropout: LowerLayer = ({ layer, inputs: [given] }) => {
  const rate = layer.config.rate as number;
  // tfjs draws anew in every step, from a seed that is not the training's, so no other engine can do the same.
  if (rate > 0 && rate < 1) throw new NotLowered(`Dropout with rate ${rate} is not lowered`);
  return passing(given!);
};

function isOpen(size: number | null): boolean {
  return size === null || size < 0;
}

function passing(output: Value): LoweredLayer {
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
