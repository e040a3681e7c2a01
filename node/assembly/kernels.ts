// AssemblyScript: the loops over lanes with 128-bit SIMD. Pointers are bytes of this module's memory, which node/src/kernels/wasm-kernels.ts
// lays out and fills; every count is rounded up by it to whole steps, over zeros. The twin with the same bits is core/src/kernels/.

// target ± source in place. Steps of 48 bytes: whole lanes of every width.

export function add16(target: usize, source: usize, bytes: usize): void {
  for (const end = target + bytes; target < end; target += 48, source += 48) {
    v128.store(target, i16x8.add(v128.load(target), v128.load(source)), 0);
    v128.store(target, i16x8.add(v128.load(target, 16), v128.load(source, 16)), 16);
    v128.store(target, i16x8.add(v128.load(target, 32), v128.load(source, 32)), 32);
  }
}

export function subtract16(target: usize, source: usize, bytes: usize): void {
  for (const end = target + bytes; target < end; target += 48, source += 48) {
    v128.store(target, i16x8.sub(v128.load(target), v128.load(source)), 0);
    v128.store(target, i16x8.sub(v128.load(target, 16), v128.load(source, 16)), 16);
    v128.store(target, i16x8.sub(v128.load(target, 32), v128.load(source, 32)), 32);
  }
}

export function add32(target: usize, source: usize, bytes: usize): void {
  for (const end = target + bytes; target < end; target += 48, source += 48) {
    v128.store(target, i32x4.add(v128.load(target), v128.load(source)), 0);
    v128.store(target, i32x4.add(v128.load(target, 16), v128.load(source, 16)), 16);
    v128.store(target, i32x4.add(v128.load(target, 32), v128.load(source, 32)), 32);
  }
}

export function subtract32(target: usize, source: usize, bytes: usize): void {
  for (const end = target + bytes; target < end; target += 48, source += 48) {
    v128.store(target, i32x4.sub(v128.load(target), v128.load(source)), 0);
    v128.store(target, i32x4.sub(v128.load(target, 16), v128.load(source, 16)), 16);
    v128.store(target, i32x4.sub(v128.load(target, 32), v128.load(source, 32)), 32);
  }
}

// Lanes of 24 bits are summed in lanes of 32 whose top byte is never looked at: widened once, narrowed once, whatever the number of addends.
// The last load of a step reaches 4 bytes behind its 48.

function lanes24(source: usize): v128 {
  return v128.swizzle(v128.load(source), i8x16(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1));
}

/** @param bytes of `source`; `target` takes four thirds of them. */
export function widen24(target: usize, source: usize, bytes: usize): void {
  for (const end = source + bytes; source < end; source += 12, target += 16) v128.store(target, lanes24(source));
}

/** The last store reaches 4 bytes behind the last lane. @param bytes of `target`. */
export function narrow24(target: usize, source: usize, bytes: usize): void {
  for (const end = target + bytes; target < end; target += 12, source += 16) {
    v128.store(target, v128.swizzle(v128.load(source), i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1)));
  }
}

/** @param bytes of `source`, packed; `target` is widened. */
export function add24(target: usize, source: usize, bytes: usize): void {
  for (const end = source + bytes; source < end; source += 48, target += 64) {
    v128.store(target, i32x4.add(v128.load(target), lanes24(source)), 0);
    v128.store(target, i32x4.add(v128.load(target, 16), lanes24(source + 12)), 16);
    v128.store(target, i32x4.add(v128.load(target, 32), lanes24(source + 24)), 32);
    v128.store(target, i32x4.add(v128.load(target, 48), lanes24(source + 36)), 48);
  }
}

export function subtract24(target: usize, source: usize, bytes: usize): void {
  for (const end = source + bytes; source < end; source += 48, target += 64) {
    v128.store(target, i32x4.sub(v128.load(target), lanes24(source)), 0);
    v128.store(target, i32x4.sub(v128.load(target, 16), lanes24(source + 12)), 16);
    v128.store(target, i32x4.sub(v128.load(target, 32), lanes24(source + 24)), 32);
    v128.store(target, i32x4.sub(v128.load(target, 48), lanes24(source + 36)), 48);
  }
}

// Integers of 32 bits to lanes and back. Steps of 8 lanes.

export function pack16(target: usize, source: usize, lanes: usize): void {
  for (const end = target + 2 * lanes; target < end; target += 16, source += 32) {
    const low = v128.load(source);
    const high = v128.load(source, 16);
    v128.store(target, v128.shuffle<u8>(low, high, 0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29));
  }
}

export function unpack16(target: usize, source: usize, lanes: usize): void {
  for (const end = source + 2 * lanes; source < end; source += 16, target += 32) {
    const packed = v128.load(source);
    v128.store(target, i32x4.extend_low_i16x8_s(packed));
    v128.store(target, i32x4.extend_high_i16x8_s(packed), 16);
  }
}

export function unpack24(target: usize, source: usize, lanes: usize): void {
  for (const end = source + 3 * lanes; source < end; source += 12, target += 16) {
    const high = v128.swizzle(v128.load(source), i8x16(-1, 0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11));
    v128.store(target, i32x4.shr_s(high, 8));
  }
}

/** Whether every integer is its own lowest `bits` bits, sign extended. */
export function fit(source: usize, lanes: usize, bits: i32): bool {
  const shift = 32 - bits;
  let lost = i32x4.splat(0);
  for (const end = source + 4 * lanes; source < end; source += 16) {
    const value = v128.load(source);
    lost = v128.or(lost, v128.xor(value, i32x4.shr_s(i32x4.shl(value, shift), shift)));
  }
  return !v128.any_true(lost);
}

// Rounding, in float64 as in the twin. Steps of 4 values.

/** t = x·scale, f = ⌊t⌋, f + (t − f > r), kept within ±magnitudeMax. @returns whether every x is finite. */
export function round(target: usize, values: usize, random: usize, count: usize, scale: f64, magnitudeMax: f64): bool {
  let strange = i32x4.splat(0);
  const s = f64x2.splat(scale);
  const high = f64x2.splat(magnitudeMax);
  const low = f64x2.splat(-magnitudeMax);
  for (const end = values + 4 * count; values < end; values += 16, random += 16, target += 16) {
    const x = v128.load(values);
    const r = v128.load(random);
    // x − x is NaN for NaN and both infinities, and 0 for every other x.
    strange = v128.or(strange, f32x4.ne(f32x4.sub(x, x), f32x4.splat(0)));
    const first = rounded(f64x2.promote_low_f32x4(x), f64x2.convert_low_i32x4_u(r), s, low, high);
    const x2 = v128.shuffle<u32>(x, x, 2, 3, 2, 3);
    const r2 = v128.shuffle<u32>(r, r, 2, 3, 2, 3);
    const second = rounded(f64x2.promote_low_f32x4(x2), f64x2.convert_low_i32x4_u(r2), s, low, high);
    v128.store(target, v128.shuffle<u32>(first, second, 0, 1, 4, 5));
  }
  return !v128.any_true(strange);
}

function rounded(x: v128, random: v128, scale: v128, low: v128, high: v128): v128 {
  const t = f64x2.mul(x, scale);
  const floor = f64x2.floor(t);
  const r = f64x2.mul(random, f64x2.splat(2.3283064365386963e-10));
  const up = v128.and(f64x2.gt(f64x2.sub(t, floor), r), f64x2.splat(1));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.max(low, f64x2.min(high, f64x2.add(floor, up))));
}

/** float32 of lane·unit, the product in float64. */
export function scale(target: usize, lanes: usize, count: usize, unit: f64): void {
  const u = f64x2.splat(unit);
  for (const end = lanes + 4 * count; lanes < end; lanes += 16, target += 16) {
    const lane = v128.load(lanes);
    const first = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.convert_low_i32x4_s(lane), u));
    const next = v128.shuffle<u32>(lane, lane, 2, 3, 2, 3);
    const second = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.convert_low_i32x4_s(next), u));
    v128.store(target, v128.shuffle<u32>(first, second, 0, 1, 4, 5));
  }
}

// Rotation, in float32. What is transformed is a power of two of values, 4 at least.

/** values·scale in place, with the other sign where the bit is set. Steps of 8 values. */
export function flip(values: usize, signs: usize, count: usize, scale: f32): void {
  const s = f32x4.splat(scale);
  for (const end = values + 4 * count; values < end; values += 32, signs += 1) {
    const bits = i32x4.splat(load<u8>(signs));
    v128.store(values, v128.xor(f32x4.mul(v128.load(values), s), signBits(bits, i32x4(1, 2, 4, 8))));
    v128.store(values, v128.xor(f32x4.mul(v128.load(values, 16), s), signBits(bits, i32x4(16, 32, 64, 128))), 16);
  }
}

function signBits(bits: v128, chosen: v128): v128 {
  return i32x4.shl(i32x4.eq(v128.and(bits, chosen), chosen), 31);
}

/** values·scale in place. Steps of 4 values. */
export function multiply(values: usize, count: usize, scale: f32): void {
  const s = f32x4.splat(scale);
  for (const end = values + 4 * count; values < end; values += 16) {
    v128.store(values, f32x4.mul(v128.load(values), s));
  }
}

/** a + b and a − b at every distance from 1 to count/2. Parts of 16 KiB first, which stay in the first cache. */
export function transform(values: usize, count: usize): void {
  const bytes = count * 4;
  const part = min<usize>(bytes, 16_384);
  for (let at = values, end = values + bytes; at < end; at += part) {
    if (part < 64) {
      for (let four = at; four < at + part; four += 16) v128.store(four, transformedFour(v128.load(four)));
      mixRows(at, part, 16);
    } else {
      transformSixteens(at, part);
      mixRows(at, part, 64);
    }
  }
  mixRows(values, bytes, part);
}

/** Distances 1, 2, 4 and 8. */
function transformSixteens(values: usize, bytes: usize): void {
  for (const end = values + bytes; values < end; values += 64) {
    const a = transformedFour(v128.load(values));
    const b = transformedFour(v128.load(values, 16));
    const c = transformedFour(v128.load(values, 32));
    const d = transformedFour(v128.load(values, 48));
    const ab = f32x4.add(a, b);
    const cd = f32x4.add(c, d);
    const aMinusB = f32x4.sub(a, b);
    const cMinusD = f32x4.sub(c, d);
    v128.store(values, f32x4.add(ab, cd));
    v128.store(values, f32x4.add(aMinusB, cMinusD), 16);
    v128.store(values, f32x4.sub(ab, cd), 32);
    v128.store(values, f32x4.sub(aMinusB, cMinusD), 48);
  }
}

/** Distances 1 and 2. */
function transformedFour(x: v128): v128 {
  const odd = v128.xor(v128.shuffle<u32>(x, x, 1, 1, 3, 3), i32x4(0, i32.MIN_VALUE, 0, i32.MIN_VALUE));
  const y = f32x4.add(v128.shuffle<u32>(x, x, 0, 0, 2, 2), odd);
  const high = v128.xor(v128.shuffle<u32>(y, y, 2, 3, 2, 3), i32x4(0, 0, i32.MIN_VALUE, i32.MIN_VALUE));
  return f32x4.add(v128.shuffle<u32>(y, y, 0, 1, 0, 1), high);
}

/** a + b and a − b of whole rows, at distances of 1, 2, 4, … rows: three distances at a time. @param row bytes, a multiple of 16. */
export function mixRows(values: usize, bytes: usize, row: usize): void {
  for (; row * 8 <= bytes; row *= 8) mixEights(values, bytes, row);
  if (row * 4 <= bytes) {
    mixFours(values, bytes, row);
    row *= 4;
  }
  if (row < bytes) mixTwos(values, bytes, row);
}

function mixEights(values: usize, bytes: usize, row: usize): void {
  for (const end = values + bytes; values < end; values += 7 * row) {
    for (const next = values + row; values < next; values += 16) {
      const second = values + 4 * row;
      const a = v128.load(values);
      const b = v128.load(values + row);
      const c = v128.load(values + 2 * row);
      const d = v128.load(values + 3 * row);
      const e = v128.load(second);
      const f = v128.load(second + row);
      const g = v128.load(second + 2 * row);
      const h = v128.load(second + 3 * row);
      const a1 = f32x4.add(a, b);
      const b1 = f32x4.sub(a, b);
      const c1 = f32x4.add(c, d);
      const d1 = f32x4.sub(c, d);
      const e1 = f32x4.add(e, f);
      const f1 = f32x4.sub(e, f);
      const g1 = f32x4.add(g, h);
      const h1 = f32x4.sub(g, h);
      const a2 = f32x4.add(a1, c1);
      const b2 = f32x4.add(b1, d1);
      const c2 = f32x4.sub(a1, c1);
      const d2 = f32x4.sub(b1, d1);
      const e2 = f32x4.add(e1, g1);
      const f2 = f32x4.add(f1, h1);
      const g2 = f32x4.sub(e1, g1);
      const h2 = f32x4.sub(f1, h1);
      v128.store(values, f32x4.add(a2, e2));
      v128.store(values + row, f32x4.add(b2, f2));
      v128.store(values + 2 * row, f32x4.add(c2, g2));
      v128.store(values + 3 * row, f32x4.add(d2, h2));
      v128.store(second, f32x4.sub(a2, e2));
      v128.store(second + row, f32x4.sub(b2, f2));
      v128.store(second + 2 * row, f32x4.sub(c2, g2));
      v128.store(second + 3 * row, f32x4.sub(d2, h2));
    }
  }
}

function mixFours(values: usize, bytes: usize, row: usize): void {
  for (const end = values + bytes; values < end; values += 3 * row) {
    for (const next = values + row; values < next; values += 16) {
      const second = values + row;
      const third = second + row;
      const fourth = third + row;
      const a = v128.load(values);
      const b = v128.load(second);
      const c = v128.load(third);
      const d = v128.load(fourth);
      const ab = f32x4.add(a, b);
      const cd = f32x4.add(c, d);
      const aMinusB = f32x4.sub(a, b);
      const cMinusD = f32x4.sub(c, d);
      v128.store(values, f32x4.add(ab, cd));
      v128.store(second, f32x4.add(aMinusB, cMinusD));
      v128.store(third, f32x4.sub(ab, cd));
      v128.store(fourth, f32x4.sub(aMinusB, cMinusD));
    }
  }
}

function mixTwos(values: usize, bytes: usize, row: usize): void {
  for (const end = values + bytes; values < end; values += row) {
    for (const next = values + row; values < next; values += 16) {
      const a = v128.load(values);
      const b = v128.load(values + row);
      v128.store(values, f32x4.add(a, b));
      v128.store(values + row, f32x4.sub(a, b));
    }
  }
}
