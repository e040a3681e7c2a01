import { type Kernels, plainKernels } from '@concordat/core';

/** What the rotation needs of node/assembly/kernels.ts. Pointers and bytes of its memory; counts are values. */
export interface RotationModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  flip(values: number, signs: number, count: number, scale: number): void;
  multiply(values: number, count: number, scale: number): void;
  transform(values: number, count: number): void;
  mixRows(values: number, bytes: number, row: number): void;
}

// In the module's memory: 65,536 values, a quarter of a megabyte that stays in the second cache, and the signs of as many.
const valuesAt = 1_024;
const blockMax = 65_536;
const signsAt = valuesAt + 4 * blockMax;
/** Rows of one strided part: with 128 of them each is 512 values long, so that a row is copied in one go. */
const rowsMax = 128;

/**
 * `Kernels.rotate` over a module whose memory is smaller than what is rotated. Distances below 65,536 are done block by block, then seven
 * powers of two at a time in parts of columns: each value passes through the module once below 2^16, twice below 2^23, three times below 2^30.
 */
export function rotateOver(module: RotationModule): Kernels['rotate'] {
  const bytes = new Uint8Array(module.memory.buffer);
  const floats = new Float32Array(module.memory.buffer);

  function block(
    values: Float32Array,
    signs: Uint8Array,
    options: { scale: number; flip: 'first' | 'last' | 'never' },
  ) {
    const { length } = values;
    floats.set(values, valuesAt / 4);
    bytes.set(signs, signsAt);
    if (options.flip === 'first') module.flip(valuesAt, signsAt, length, options.scale);
    else module.multiply(valuesAt, length, options.scale);
    module.transform(valuesAt, length);
    if (options.flip === 'last') module.flip(valuesAt, signsAt, length, 1);
    values.set(floats.subarray(valuesAt / 4, valuesAt / 4 + length));
  }

  /** The distances `stride`, 2·stride, … rows·stride/2 of every value. */
  function strided(values: Float32Array, signs: Uint8Array, options: { stride: number; rows: number; flip: boolean }) {
    const { stride, rows, flip } = options;
    const width = blockMax / rows;
    for (let group = 0; group < values.length; group += rows * stride) {
      for (let column = group; column < group + stride; column += width) {
        for (let row = 0; row < rows; row++) {
          const from = column + row * stride;
          floats.set(values.subarray(from, from + width), valuesAt / 4 + row * width);
          if (flip) bytes.set(signs.subarray(from / 8, (from + width) / 8), signsAt + (row * width) / 8);
        }
        module.mixRows(valuesAt, 4 * blockMax, 4 * width);
        if (flip) module.flip(valuesAt, signsAt, blockMax, 1);
        for (let row = 0; row < rows; row++) {
          const at = valuesAt / 4 + row * width;
          values.set(floats.subarray(at, at + width), column + row * stride);
        }
      }
    }
  }

  return (values, signs, direction) => {
    const { length } = values;
    if (length < 4) return plainKernels.rotate(values, signs, direction);
    const scale = Math.fround(1 / Math.sqrt(length));
    const flip = direction === 'forward' ? 'first' : length > blockMax ? 'never' : 'last';
    for (let from = 0; from < length; from += blockMax) {
      const to = Math.min(length, from + blockMax);
      block(values.subarray(from, to), signs.subarray(from / 8, Math.ceil(to / 8)), { scale, flip });
    }
    for (let stride = blockMax; stride < length; stride *= rowsMax) {
      const rows = Math.min(rowsMax, length / stride);
      strided(values, signs, { stride, rows, flip: direction === 'back' && stride * rows === length });
    }
    bytes.fill(0, valuesAt, signsAt + blockMax / 8);
  };
}
