import { CommandFailure } from '../failure.js';

/** The weights of one layer as another program wrote them, in the order in which that kind of layer has them. */
export interface LayerWeights {
  /** As its file calls it. */
  readonly layer: string;
  readonly weights: readonly {
    /** For people: where it lies in the file. */
    readonly name: string;
    readonly shape: readonly number[];
    /** Row-major. */
    readonly values: Float32Array;
  }[];
}

/** What a file of weights gives. */
export interface WeightsFile {
  readonly layers: readonly LayerWeights[];
  /** Layers are found by their names, or, where their names mean nothing, by their order. */
  readonly by: 'name' | 'order';
}

/** Values of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** A file that is not what it should be. */
export function notWeights(message: string, fix: string): CommandFailure {
  return new CommandFailure(message, { code: 'malformed', exitCode: failed, fix });
}

/** Exit code of what cannot be read, as in the status table of the wire. */
const failed = 1;
