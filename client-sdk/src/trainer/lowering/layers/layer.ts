import type { Graph, Value } from '../graph.js';
import type { Gradient } from '../optimizers.js';
import type { LayerSpec } from '../topology.js';

/** What a layer is lowered with. */
export interface LayerScope {
  readonly graph: Graph;
  readonly layer: LayerSpec;
  readonly inputs: readonly Value[];
  /**
   * A weight of this layer, by its name within it.
   *
   * @returns its name in the graph, which is the one it has in tfjs.
   */
  weight(name: string, shape: readonly number[], options?: { readonly fixed: true }): string;
  /** Gives a fixed weight another value after the step. */
  replace(weight: string, value: string): void;
  /**
   * Factors that this layer draws anew in every step, to drop with: 0, or 1 ∕ (1 − rate).
   *
   * @param shape without the batch. @param draw which of the layer's draws in tfjs, from 0. @returns [batch, …shape].
   */
  dropped(shape: readonly number[], rate: number, draw: number): string;
}

/** What comes back to a layer. */
export interface Incoming {
  /** The derivative of the loss by the layer's output, or by what its softmax was taken of. */
  readonly slope: string;
  readonly by: 'output' | 'logits';
  /** Whether layers before want theirs. */
  readonly inputsWanted: boolean;
  /** The output is rectified, and the slope is 0 already wherever it is not above 0. */
  readonly rectified?: boolean;
}

/** What a layer passes on. */
export interface Outgoing {
  /** One for each input; empty where none was wanted. */
  readonly inputs: readonly string[];
  /** By the names in the graph. */
  readonly weights: Readonly<Record<string, Gradient>>;
  /** Slopes of rectified inputs are 0 wherever the input is not above 0. */
  readonly rectified?: true;
}

export interface LoweredLayer {
  readonly output: Value;
  /** The output is a softmax along the last axis, which `backward` can leave to the loss. */
  readonly endsInSoftmax?: boolean;
  backward(incoming: Incoming): Outgoing;
}

/** Adds a layer's nodes to the graph. @throws `NotLowered` naming what it does not cover. */
export type LowerLayer = (scope: LayerScope) => LoweredLayer;

/** Numbers of one example. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** [batch, …shape] of the same values. */
export function reshaped(graph: Graph, name: string, shape: readonly number[]): string {
  return graph.op('Reshape', [name, graph.integers(-1, ...shape)]);
}
