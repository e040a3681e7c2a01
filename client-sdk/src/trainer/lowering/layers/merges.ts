import { isTrue } from '../activations.js';
import { NotLowered } from '../not-lowered.js';
import type { LayerScope, LowerLayer } from './layer.js';

/** The sum of tensors of one shape, as at the end of a residual block. */
export const lowerAdd: LowerLayer = (scope) => {
  const { graph: g, inputs } = scope;
  const { names, shape } = ofOneShape(scope);
  return {
    output: { name: names.reduce((sum, name) => g.op('Add', [sum, name])), shape },
    backward: ({ slope, inputsWanted }) => ({ inputs: inputsWanted ? inputs.map(() => slope) : [], weights: {} }),
  };
};

export const lowerAverage: LowerLayer = (scope) => {
  const { graph: g, inputs } = scope;
  const { names, shape } = ofOneShape(scope);
  const share = (name: string): string => g.op('Mul', [name, g.scalar(1 / inputs.length)]);
  return {
    output: { name: share(names.reduce((sum, name) => g.op('Add', [sum, name]))), shape },
    backward({ slope, inputsWanted }) {
      if (!inputsWanted) return { inputs: [], weights: {} };
      const one = share(slope);
      return { inputs: inputs.map(() => one), weights: {} };
    },
  };
};

export const lowerMultiply: LowerLayer = pairwise('Mul', (g, { left, right, dy }) => ({
  dLeft: g.op('Mul', [dy, right]),
  dRight: g.op('Mul', [dy, left]),
}));

/** Of equal numbers the first one gets the gradient, as in tfjs. */
export const lowerMaximum: LowerLayer = pairwise('Max', choice('GreaterOrEqual', 'Less'));
export const lowerMinimum: LowerLayer = pairwise('Min', choice('LessOrEqual', 'Greater'));

export const lowerConcatenate: LowerLayer = ({ graph: g, layer, inputs }) => {
  const { shape } = inputs[0]!;
  const given = (layer.config.axis as number | undefined) ?? -1;
  // Counted with the batch, which is axis 0. Of others below 0 tfjs takes the last one too, and says another shape.
  const axis = given === -1 ? shape.length : given;
  if (axis < 1) throw new NotLowered(`Concatenate along axis ${given} is not lowered`);
  const lengths = inputs.map((input) => input.shape[axis - 1]!);
  const sum = lengths.reduce((total, length) => total + length);
  const joined = shape.map((length, i) => (i === axis - 1 ? sum : length));
  const names = inputs.map(({ name }) => name);
  return {
    output: { name: g.op('Concat', names, { axis }), shape: joined },
    backward: ({ slope, inputsWanted }) => ({
      inputs: inputsWanted ? g.ops('Split', [slope, g.integers(...lengths)], inputs.length, { axis }) : [],
      weights: {},
    }),
  };
};

type Graph = LayerScope['graph'];
type PairSlopes = (
  graph: Graph,
  values: { readonly left: string; readonly right: string; readonly dy: string },
) => { readonly dLeft: string; readonly dRight: string };

/** First with second, what comes out with the third, and so on, as tfjs does. */
function pairwise(operator: string, slopes: PairSlopes): LowerLayer {
  return (scope) => {
    const { graph: g } = scope;
    const { names, shape } = ofOneShape(scope);
    const upTo = [names[0]!];
    for (const name of names.slice(1)) upTo.push(g.op(operator, [upTo.at(-1)!, name]));
    return {
      output: { name: upTo.at(-1)!, shape },
      backward({ slope, inputsWanted }) {
        if (!inputsWanted) return { inputs: [], weights: {} };
        const inputs: string[] = [];
        let dy = slope;
        for (let i = names.length - 1; i > 0; i--) {
          const { dLeft, dRight } = slopes(g, { left: upTo[i - 1]!, right: names[i]!, dy });
          inputs.unshift(dRight);
          dy = dLeft;
        }
        return { inputs: [dy, ...inputs], weights: {} };
      },
    };
  };
}

function choice(left: string, right: string): PairSlopes {
  return (g, { left: a, right: b, dy }) => ({
    dLeft: g.op('Mul', [dy, isTrue(g, g.op(left, [a, b]))]),
    dRight: g.op('Mul', [dy, isTrue(g, g.op(right, [a, b]))]),
  });
}

function ofOneShape({ layer: { kind }, inputs }: LayerScope): {
  readonly names: readonly string[];
  readonly shape: readonly number[];
} {
  const { shape } = inputs[0]!;
  if (inputs.some((input) => `${input.shape}` !== `${shape}`)) {
    throw new NotLowered(`${kind} of several shapes is not lowered`);
  }
  return { names: inputs.map(({ name }) => name), shape };
}
