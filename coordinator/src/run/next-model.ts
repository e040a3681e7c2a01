import {
  float32Of,
  littleEndianBytes,
  type PlacedTensor,
  placeSafetensors,
  type Strategy,
  type TensorShape,
  tensorSize,
} from '@concordat/core';
import type { BlobStore } from '../store/blobs.js';

export interface NextModelOptions {
  readonly blobs: BlobStore;
  readonly shapes: readonly TensorShape[];
  /** Of the model that the mean is applied to. */
  readonly currentModelHash: Uint8Array;
  /** [d] mean delta, in the order of `shapes`; not changed. */
  readonly mean: Float32Array;
  /** Treats every value alone, so that a model can be made piece by piece. */
  readonly strategy: Strategy<undefined>;
}

/**
 * Make the next model of the current one and store it: read, added and written piece by piece, so that memory is the mean and two pieces.
 *
 * @returns the hash of the new model, durable as a blob.
 * @throws `verification` when that model was damaged; nothing is stored then.
 */
export function writeNextModel(options: NextModelOptions): Promise<Uint8Array> {
  return options.blobs.write(nextModel(options));
}

async function* nextModel(options: NextModelOptions): AsyncGenerator<Uint8Array> {
  const { blobs, shapes, currentModelHash } = options;
  const { tensors } = placeSafetensors(shapes);
  const firstInMean = firstValues(shapes);
  for await (const { offset, data } of blobs.readChecked(currentModelHash)) {
    // The head stays: the same tensors have the same one.
    for (const tensor of tensors) addMean(options, { tensor, first: firstInMean.get(tensor.name)! }, { offset, data });
    yield data;
  }
}

/** Where a tensor's values begin in a flat vector. */
function firstValues(shapes: readonly TensorShape[]): ReadonlyMap<string, number> {
  let at = 0;
  return new Map(
    shapes.map((shape) => {
      const entry = [shape.name, at] as const;
      at += tensorSize(shape);
      return entry;
    }),
  );
}

// Offsets of tensors and pieces are multiples of 4.
function addMean(
  { mean, strategy }: NextModelOptions,
  { tensor, first }: { readonly tensor: PlacedTensor; readonly first: number },
  piece: { readonly offset: number; readonly data: Uint8Array },
): void {
  const fromByte = Math.max(piece.offset, tensor.offset);
  const toByte = Math.min(piece.offset + piece.data.length, tensor.offset + 4 * tensorSize(tensor));
  if (fromByte >= toByte) return;
  const target = piece.data.subarray(fromByte - piece.offset, toByte - piece.offset);
  const from = first + (fromByte - tensor.offset) / 4;
  const values = float32Of(target);
  const { model } = strategy.apply(values, mean.subarray(from, from + values.length), strategy.init(values));
  target.set(littleEndianBytes(model));
}
