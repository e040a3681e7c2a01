/** Where a row of measurements goes. */
export interface Trend {
  /** Median of the slopes between all pairs of them, for each step: one outlier, or ten, do not move it. */
  readonly slope: number;
  /** What it would come to over all of them: slope × steps. */
  readonly grown: number;
  /** Median of the last quarter. */
  readonly last: number;
}

/** Pairs that are compared; of more measurements every second, third, … counts. */
const pointsMax = 300;

/**
 * The slope of a row of measurements behind its warm part, after Theil and Sen.
 *
 * @param values one for each step, finite. @param warmShare of them, 0 ≤ share < 1: the first part, in which caches fill, does not count.
 * @returns zeros for fewer than two that count.
 * @see Sen 1968, Estimates of the regression coefficient based on Kendall's tau.
 */
export function trendOf(values: readonly number[], warmShare: number): Trend {
  const counted = values.slice(Math.floor(warmShare * values.length));
  const stride = Math.ceil(counted.length / pointsMax);
  const slopes: number[] = [];
  for (let from = 0; from < counted.length; from += stride) {
    for (let to = from + stride; to < counted.length; to += stride) {
      slopes.push((counted[to]! - counted[from]!) / (to - from));
    }
  }
  const slope = median(slopes);
  const last = median(counted.slice(-Math.ceil(counted.length / 4)));
  return { slope, grown: slope * Math.max(0, counted.length - 1), last };
}

/** The upper one of two in the middle; 0 of nothing. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
