/**
 * GF(2^16) with the polynomial x^16 + x^12 + x^3 + x + 1 (0x1100B), which is primitive: x generates all 65,535 units.
 * Elements are integers 0 … 65,535; addition is exclusive or. Table look-ups depend on secrets: timing is not constant.
 */
const polynomial = 0x1100b;
const units = 0xffff;

const { exponentials, logarithms } = tables();

/** The product of two elements. */
export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : exponentials[logarithms[a]! + logarithms[b]!]!;
}

/**
 * Multiplication by one element as two tables: a·x = low[a & 0xff] ^ high[a >>> 8]. They stay in the nearest cache, where the tables of
 * logarithms do not; it pays from some hundred products on.
 *
 * @param x public.
 */
export interface Multiplier {
  readonly low: Uint16Array;
  readonly high: Uint16Array;
}

/** The tables of one element. */
export function multiplierOf(x: number): Multiplier {
  const [low, high] = [new Uint16Array(256), new Uint16Array(256)];
  // Products are linear: each table is spanned by those of eight powers of two.
  for (let bit = 0; bit < 8; bit++) {
    const [ofLow, ofHigh] = [multiply(1 << bit, x), multiply(1 << (bit + 8), x)];
    for (let i = 0; i < 1 << bit; i++) {
      low[i | (1 << bit)] = low[i]! ^ ofLow;
      high[i | (1 << bit)] = high[i]! ^ ofHigh;
    }
  }
  return { low, high };
}

/** The inverse of a non-zero element; 0 for 0, which callers must not ask for. */
export function invert(a: number): number {
  return a === 0 ? 0 : exponentials[units - logarithms[a]!]!;
}

// Twice the period, so that a sum of two logarithms needs no reduction.
function tables(): { exponentials: Uint16Array; logarithms: Uint16Array } {
  const exponentials = new Uint16Array(2 * units + 1);
  const logarithms = new Uint16Array(units + 1);
  let element = 1;
  for (let power = 0; power < units; power++) {
    exponentials[power] = element;
    exponentials[power + units] = element;
    logarithms[element] = power;
    element <<= 1;
    if (element > units) element ^= polynomial;
  }
  exponentials[2 * units] = 1;
  return { exponentials, logarithms };
}
