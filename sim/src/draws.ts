import type { Random } from '@concordat/core';
import { drawUnit } from './seeded-random.js';

/** Numbers of the distributions that data and attacks are drawn from, out of one stream of bytes. */
export class Draws {
  readonly #random: Random;
  #spare: number | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** In [0, 1), from 32 bits. */
  unit(): number {
    return drawUnit(this.#random);
  }

  /** A whole number from 0 to `limit` − 1. @param limit 1 to 2³². */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** With mean 0 and variance 1, by the polar method (Marsaglia and Bray 1964). */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const [x, y] = [2 * this.unit() - 1, 2 * this.unit() - 1];
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = y * scale;
      return x * scale;
    }
  }

  /**
   * Of the gamma distribution with this shape and scale 1.
   *
   * @param shape above 0. @see Marsaglia and Tsang 2000, "A simple method for generating gamma variables".
   */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.unit()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      const u = 1 - this.unit();
      if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** Shares of a whole, of the symmetric Dirichlet distribution. @returns [count] that sum to 1. */
  dirichlet(alpha: number, count: number): number[] {
    const parts = Array.from({ length: count }, () => this.gamma(alpha));
    const whole = parts.reduce((sum, part) => sum + part, 0);
    // With a tiny alpha all parts may be too small for a float64: then one gets everything, which is the limit.
    if (whole === 0) {
      const winner = this.below(count);
      return parts.map((_, i) => (i === winner ? 1 : 0));
    }
    return parts.map((part) => part / whole);
  }

  /** A new list in random order (Fisher and Yates). */
  shuffled<T>(list: Iterable<T>): T[] {
    const result = [...list];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [result[i], result[j]] = [result[j]!, result[i]!];
    }
    return result;
  }
}
