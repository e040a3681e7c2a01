/** The widths a lane may have, in bits. */
export type LaneBits = 16 | 24 | 32;

/** Lanes to add (sign 1) or to take away (sign −1): packed little-endian. */
export interface Addend {
  readonly lanes: Uint8Array;
  readonly sign: 1 | -1;
}

/**
 * The loops that run once for each of d lanes, behind one port. Two implementations give identical bits: `plainKernels`, TypeScript, and
 * the WebAssembly one in `node/`, which is used where the machine has SIMD. No method keeps an argument.
 */
export interface Kernels {
  readonly name: 'plain' | 'wasm';
  /**
   * target ± every addend, lane by lane mod 2^bits, in place.
   *
   * @param target packed lanes, a multiple of 48 bytes and at most 49,152 (one chunk); any alignment, shared memory too.
   * @param addends each as long as `target`; taken one at a time, so that they may be made while they are added.
   */
  addAll(bits: LaneBits, target: Uint8Array, addends: Iterable<Addend>): void;
  /**
   * Integers to packed lanes, two's complement mod 2^bits.
   *
   * @param values [m]. @param target m lanes; changed in place.
   * @returns the first index whose value is not in −2^(bits−1) … 2^(bits−1) − 1, or −1. What `target` holds then is unspecified.
   */
  packLanes(bits: LaneBits, values: Int32Array, target: Uint8Array): number;
  /** Packed lanes to integers, centred. @param source m lanes. @param values [m]; changed in place. */
  unpackLanes(bits: LaneBits, source: Uint8Array, values: Int32Array): void;
  /**
   * Stochastic rounding in float64: t = x·scale, f = ⌊t⌋, f + (t − f > r), kept within ±magnitudeMax; r = random u32/2^32.
   *
   * @param values [m] float32. @param random 4·m bytes, little-endian. @param options.scale finite.
   * @param options.magnitudeMax an integer up to 2^31 − 1. @param lanes [m]; changed in place.
   * @returns the first index whose value is NaN or infinite, or −1. What `lanes` holds then is unspecified.
   */
  round(
    values: Float32Array,
    random: Uint8Array,
    options: { readonly scale: number; readonly magnitudeMax: number },
    lanes: Int32Array,
  ): number;
  /** values = lanes·unit: the product in float64, rounded to float32. @param values as long as `lanes`; changed in place. */
  scale(lanes: Int32Array, unit: number, values: Float32Array): void;
  /**
   * A Hadamard transform with random signs, in place: `forward` is H·D·x/√m, `back` is D·H·x/√m, which undoes it. H is Sylvester's matrix in
   * its natural order; D flips the sign of every value whose bit is set.
   *
   * In float32, and in this order: times float32(1/√m) first, so that nothing grows beyond the norm; then a + b and a − b of values at a distance
   * of 1, 2, 4, … m/2.
   *
   * @param values [m] finite, m a power of two; changed in place. @param signs m bits, bit (i mod 8) of byte ⌊i/8⌋, the least first.
   */
  rotate(values: Float32Array, signs: Uint8Array, direction: 'forward' | 'back'): void;
}
