import { NotLowered } from '../not-lowered.js';
import type { LowerLayer } from './layer.js';

/** The sum of tensors of one shape, as at the end of a residual block. */
export const lowerAdd: LowerLayer = ({ graph: g, inputs }) => {
  const { shape } = inputs[0]!;
  if (inputs.some((input) => `${input.shape}` !== `${shape}`)) {
    throw new NotLowered('Add of several shapes is not lowered');
  }
  const names = inputs.map(({ name }) => name);
  return {
    output: { name: names.reduce((sum, name) => g.op('Add', [sum, name])), shape },
    backward: ({ slope, inputsWanted }) => ({ inputs: inputsWanted ? inputs.map(() => slope) : [], weights: {} }),
  };
};
