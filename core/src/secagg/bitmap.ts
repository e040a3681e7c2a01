import { FederatedError } from '../errors.js';

/** Bytes of a bitmap over n indexes. */
export function bitmapBytes(count: number): number {
  return Math.ceil(count / 8);
}

/**
 * Bit i of byte ⌊i/8⌋, least significant first; padding zero.
 *
 * @param count n. @param members indexes below n.
 */
export function toBitmap(count: number, members: Iterable<number>): Uint8Array {
  const bitmap = new Uint8Array(bitmapBytes(count));
  for (const index of members) bitmap[index >> 3] = bitmap[index >> 3]! | (1 << (index & 7));
  return bitmap;
}

/**
 * The indexes whose bit is set, ascending.
 *
 * @throws `malformed` for another length or a set padding bit.
 */
export function fromBitmap(count: number, bitmap: Uint8Array): readonly number[] {
  if (bitmap.length !== bitmapBytes(count)) {
    throw new FederatedError('malformed', 'a bitmap has another length than its cohort', {
      detail: { required: bitmapBytes(count), offered: bitmap.length },
    });
  }
  const members: number[] = [];
  for (let index = 0; index < bitmap.length * 8; index++) {
    if ((bitmap[index >> 3]! & (1 << (index & 7))) === 0) continue;
    if (index >= count)
      throw new FederatedError('malformed', 'a padding bit of a bitmap is set', { detail: { index, count } });
    members.push(index);
  }
  return members;
}
