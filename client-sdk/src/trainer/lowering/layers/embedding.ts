import { NotLowered } from '../not-lowered.js';
import type { LowerLayer } from './layer.js';

/** A row of the table for each number: embeddings [inputDim, outputDim]. */
export const lowerEmbedding: LowerLayer = ({ graph: g, layer: { config }, inputs: [given], weight }) => {
  if (config.maskZero === true) throw new NotLowered('Embedding that masks zeros is not lowered');
  const [rows, width] = [config.inputDim as number, config.outputDim as number];
  const table = weight('embeddings', [rows, width]);
  const numbers = g.op('Cast', [given!.name], { to: 7 });
  return {
    output: { name: g.op('Gather', [table, numbers], { axis: 0 }), shape: [...given!.shape, width] },
    backward({ slope, inputsWanted }) {
      if (inputsWanted) throw new NotLowered('Embedding behind weights that are trained is not lowered');
      const at = g.op('Reshape', [numbers, g.integers(-1, 1)]);
      const slopes = g.op('Reshape', [slope, g.integers(-1, width)]);
      return { inputs: [], weights: { [table]: { kind: 'rows', at, slopes } } };
    },
  };
};
