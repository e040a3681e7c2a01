import { NotLowered } from '../not-lowered.js';
import type { LayerScope, LoweredLayer, LowerLayer } from './layer.js';
import { passing } from './shape-layers.js';

/** Srivastava et al. 2014, with what is kept made larger: each number, or each along the axes of the noise's shape. */
export const lowerDropout: LowerLayer = (scope) => {
  const { shape } = scope.inputs[0]!;
  const given = (scope.layer.config.noiseShape ?? undefined) as readonly (number | null)[] | undefined;
  if (given === undefined) return dropping(scope, shape);
  if (given.length !== shape.length + 1 || given[0] !== null) {
    throw new NotLowered(`Dropout with noise of shape ${JSON.stringify(given)} is not lowered`);
  }
  return dropping(
    scope,
    shape.map((length, i) => given[i + 1] ?? length),
  );
};

/** Whole channels of a sequence. */
export const lowerSpatialDropout1d: LowerLayer = (scope) => dropping(scope, [1, scope.inputs[0]!.shape[1]!]);

function dropping({ graph: g, layer, inputs: [given], dropped }: LayerScope, shape: readonly number[]): LoweredLayer {
  const rate = layer.config.rate as number;
  if (!(rate > 0 && rate < 1)) return passing(given!);
  const factors = dropped(shape, rate, 0);
  return {
    output: { name: g.op('Mul', [given!.name, factors]), shape: given!.shape },
    backward: ({ slope, inputsWanted }) => ({
      inputs: inputsWanted ? [g.op('Mul', [slope, factors])] : [],
      weights: {},
    }),
  };
}
