import type { Layout } from '@concordat/core';

/**
 * Measurements in which every contribution can be counted in the sum. The update that a participant trains as its k-th has, in lane
 * `k mod length` of each segment, 16 (or less, in narrow lanes) to the power of the participant's place; all other lanes are 0. So in
 * an opened sum, the digit of a place in a lane is how often that update is in it.
 */
export interface Measure {
  readonly place: number;
  /** How many updates this participant trained before. */
  readonly serial: number;
}

/** Digits of lanes of each width: six places and a count of at least 6 fit under 2^(b − 1). */
const baseOf = { 16: 0, 24: 14, 32: 16 } as const;

/** The lanes of one update. Segments too narrow for digits stay zero. */
export function lanesOf(layout: Layout, { place, serial }: Measure): Int32Array[] {
  return layout.segments.map(({ segment }) => {
    const lanes = new Int32Array(segment.length);
    const base = baseOf[segment.bits];
    if (base > 0 && segment.kind !== 'weight') lanes[serial % segment.length] = base ** place;
    if (segment.kind === 'weight') lanes[0] = 2 ** place;
    return lanes;
  });
}

/** How often each update is in an opened sum: `place/lane` → count, zeros left out; one map for every segment that has digits. */
export function countsIn(layout: Layout, sum: readonly Int32Array[]): ReadonlyMap<string, number>[] {
  return layout.segments.flatMap(({ segment }, index) => {
    const base = baseOf[segment.bits];
    if (base === 0 || segment.kind === 'weight') return [];
    const counts = new Map<string, number>();
    sum[index]!.forEach((value, lane) => {
      for (let place = 0, rest = value; rest !== 0; place++, rest = Math.trunc(rest / base)) {
        if (rest % base !== 0) counts.set(`${place}/${lane}`, rest % base);
      }
    });
    return [counts];
  });
}
