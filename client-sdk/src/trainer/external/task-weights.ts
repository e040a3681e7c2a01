import { littleEndianBytes, type NamedTensor, parameterCount, utf8Encode } from '@concordat/core';

/**
 * The head of a safetensors file whose tensors lie in the order of the plan: with that order a trainer matches the parameters of a
 * framework that knows no names. (A stored model is sorted by name; this file is only spoken.)
 *
 * @returns everything in front of the values.
 */
export function safetensorsHead(weights: readonly NamedTensor[]): Uint8Array {
  let end = 0;
  const entries = weights.map(({ name, shape, values }): [string, object] => {
    const begin = end;
    end += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const json = utf8Encode(JSON.stringify(Object.fromEntries(entries)));
  const bytes = Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(8 + bytes).fill(0x20);
  head.fill(0, 0, 8);
  new DataView(head.buffer).setUint32(0, bytes, true);
  head.set(json, 8);
  return head;
}

/** The values of a tensor as they lie in a file: a view where the machine has that byte order. */
export function valueBytes({ values }: NamedTensor): Uint8Array {
  return littleEndianBytes(values);
}

/** The longest file of these tensors: others write the header in other ways, every character of a name as six. */
export function weightsBytesMax(weights: readonly NamedTensor[]): number {
  return 6 * safetensorsHead(weights).length + 4_096 + 4 * parameterCount(weights);
}
