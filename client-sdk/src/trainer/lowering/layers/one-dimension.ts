import { type LayerScope, type LowerLayer, reshaped } from './layer.js';

/** Keys whose values lie along the one dimension, and what tfjs takes where a pool says nothing. */
const windowKeys = { kernelSize: undefined, poolSize: 2, strides: undefined, dilationRate: undefined };

/**
 * A layer of one dimension by way of that of two, as tfjs computes it: [batch, length, channels] as planes of one column.
 *
 * @param lower the layer of two dimensions.
 */
export function alongOneDimension(lower: LowerLayer): LowerLayer {
  return (scope) => {
    const { graph: g, layer } = scope;
    const { name, shape } = scope.inputs[0]!;
    const plane = [shape[0]!, 1, shape[1]!];
    const kernels = new Kernels(scope);
    const lowered = lower({
      ...scope,
      layer: { ...layer, config: planeConfig(layer.config) },
      inputs: [{ name: reshaped(g, name, plane), shape: plane }],
      weight: (own, kernelShape, options) => kernels.weight(own, kernelShape, options),
    });
    const { output } = lowered;
    const outputShape = [output.shape[0]!, output.shape[2]!];
    return {
      output: { name: reshaped(g, output.name, outputShape), shape: outputShape },
      backward(incoming) {
        const outgoing = lowered.backward({ ...incoming, slope: reshaped(g, incoming.slope, output.shape) });
        return {
          inputs: outgoing.inputs.map((dx) => reshaped(g, dx, shape)),
          weights: kernels.ofLine(outgoing.weights),
        };
      },
    };
  };
}

/** Kernels that the model has as [size, …] and the plane as [size, 1, …]. */
class Kernels {
  readonly #scope: LayerScope;
  readonly #ofPlane = new Map<string, { readonly name: string; readonly shape: readonly number[] }>();

  constructor(scope: LayerScope) {
    this.#scope = scope;
  }

  weight(...[own, shape, options]: Parameters<LayerScope['weight']>): string {
    const { graph: g, weight } = this.#scope;
    if (shape.length === 1) return weight(own, shape, options);
    const line = [shape[0]!, ...shape.slice(2)];
    const name = weight(own, line, options);
    const ofPlane = g.op('Reshape', [name, g.integers(...shape)]);
    this.#ofPlane.set(ofPlane, { name, shape: line });
    return ofPlane;
  }

  ofLine(gradients: ReturnType<ReturnType<LowerLayer>['backward']>['weights']): typeof gradients {
    const { graph: g } = this.#scope;
    const entries = Object.entries(gradients).map(([key, gradient]) => {
      const line = this.#ofPlane.get(key);
      if (line === undefined || gradient.kind !== 'tensor') return [key, gradient] as const;
      const name = g.op('Reshape', [gradient.name, g.integers(...line.shape)]);
      return [line.name, { kind: 'tensor', name } as const] as const;
    });
    return Object.fromEntries(entries);
  }
}

function planeConfig(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const across = Object.entries(windowKeys).map(([key, otherwise]) => {
    const value = config[key] ?? otherwise;
    return [key, value === undefined ? undefined : [Array.isArray(value) ? value[0] : value, 1]];
  });
  return { ...config, ...Object.fromEntries(across) };
}
