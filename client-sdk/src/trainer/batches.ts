import { refusal } from '@concordat/core';
import { type DataSet, sizeOf } from '../data/data-set.js';
import type { LoadedModel } from './layers-model.js';

/** Which examples, mapped to which sizes. */
export interface BatchShape {
  /** Values of one input. */
  readonly inputSize: number;
  /** Values of one target; the number of classes for class targets. */
  readonly outputSize: number;
  /** Inputs are numbers of words, below this. */
  readonly words: number | undefined;
}

/** What batches for this model look like. */
export function batchShapeOf({ inputShape, outputShape, words }: LoadedModel): BatchShape {
  return { inputSize: sizeOf(inputShape), outputSize: sizeOf(outputShape), words };
}

/**
 * @throws `refused` `data.shape` when the records do not fit the model; `data.words` for a word that its table does not have, `data.labels`
 *   for a label it has no output for.
 */
export function requireFit(dataSet: DataSet, shape: BatchShape): void {
  const offered = sizeOf(dataSet.inputShape);
  if (offered !== shape.inputSize) {
    throw refusal('data.shape', 'the model takes inputs of another size than the records have', {
      required: shape.inputSize,
      offered,
      fix: 'Use a data directory of the shape the plan names.',
    });
  }
  requireWords(dataSet.inputs, shape.words);
  const { targets } = dataSet;
  if (targets.kind === 'values') {
    if (sizeOf(targets.shape) === shape.outputSize) return;
    throw refusal('data.shape', 'the model gives outputs of another size than the targets have', {
      required: shape.outputSize,
      offered: sizeOf(targets.shape),
    });
  }
  let wrong: number | undefined;
  for (const label of targets.labels) if (label < 0 || label >= shape.outputSize) wrong ??= label;
  if (wrong === undefined) return;
  throw refusal('data.labels', 'a label has no output in the model', {
    required: `0 to ${shape.outputSize - 1}`,
    offered: wrong,
    fix: 'Check the labels of the data directory, or the number of classes of the model.',
  });
}

/** Bytes are scaled to 0 … 1, so they are all word 0. */
function requireWords(inputs: DataSet['inputs'], words: number | undefined): void {
  if (words === undefined || inputs instanceof Uint8Array) return;
  // tfjs takes what is before the point.
  for (const value of inputs) {
    if (value > -1 && value < words) continue;
    throw refusal('data.words', 'a word has no row in the table of the model', {
      required: `0 to ${words - 1}`,
      offered: String(value),
      fix: 'Check how the records number their words, or the size of the table (`inputDim`).',
    });
  }
}

// Built from the typed array, example by example: slicing a tensor of the whole set copies the whole set on wasm.
/** @returns [indices · inputSize] float32, bytes scaled to 0 … 1. */
export function gatherInputs(dataSet: DataSet, indices: Uint32Array, inputSize: number): Float32Array {
  const { inputs } = dataSet;
  const out = new Float32Array(indices.length * inputSize);
  const scale = inputs instanceof Uint8Array ? 1 / 255 : 1;
  let at = 0;
  for (const index of indices) {
    const end = (index + 1) * inputSize;
    for (let from = index * inputSize; from < end; from++) out[at++] = inputs[from]! * scale;
  }
  return out;
}

/** @returns [indices · outputSize] float32: one-hot for classes. */
export function gatherTargets(dataSet: DataSet, indices: Uint32Array, outputSize: number): Float32Array {
  const { targets } = dataSet;
  const out = new Float32Array(indices.length * outputSize);
  indices.forEach((index, row) => {
    if (targets.kind === 'classes') out[row * outputSize + targets.labels[index]!] = 1;
    else out.set(targets.values.subarray(index * outputSize, (index + 1) * outputSize), row * outputSize);
  });
  return out;
}
