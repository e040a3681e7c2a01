import { FederatedError } from '@concordat/core';

/** What an example is to be mapped to. */
export type Targets =
  /** [examples] class numbers, 0 … classes − 1; one-hot is made batch by batch. */
  | { readonly kind: 'classes'; readonly labels: Uint8Array | Int32Array }
  /** [examples · size] float32, row-major; `shape` is one example's. */
  | { readonly kind: 'values'; readonly values: Float32Array; readonly shape: readonly number[] };

/** A participant's records, in memory. They stay in this process: nothing here is ever encoded for the wire. */
export interface DataSet {
  readonly examples: number;
  /** Shape of one example, e.g. [28, 28]. A model with another input shape of the same size gets them reshaped. */
  readonly inputShape: readonly number[];
  /** [examples · size], row-major. Bytes 0 … 255 become 0 … 1 batch by batch; float32 is used as it is. */
  readonly inputs: Uint8Array | Float32Array;
  readonly targets: Targets;
}

/** Values of one example of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/**
 * The data set itself, its lengths checked.
 *
 * @throws `invalid-argument` when a length does not follow from `examples` and the shapes.
 */
export function requireDataSet(dataSet: DataSet): DataSet {
  const { examples, inputs, inputShape, targets } = dataSet;
  if (!Number.isInteger(examples) || examples < 1) throw wrong('examples', '≥ 1', examples);
  if (inputs.length !== examples * sizeOf(inputShape)) {
    throw wrong('inputs', examples * sizeOf(inputShape), inputs.length);
  }
  const required = targets.kind === 'classes' ? examples : examples * sizeOf(targets.shape);
  const offered = targets.kind === 'classes' ? targets.labels.length : targets.values.length;
  if (offered !== required) throw wrong('targets', required, offered);
  return dataSet;
}

function wrong(part: string, required: number | string, offered: number): FederatedError {
  return new FederatedError('invalid-argument', `the data set's ${part} have another length than its shape says`, {
    detail: { part, required, offered },
    fix: 'Pass inputs and targets of all examples, row after row.',
  });
}
