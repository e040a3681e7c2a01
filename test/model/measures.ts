import type { Layout, Segment } from '@concordat/core';

/**
 * Measurements in which every contribution can be counted in the sum. The update that a participant trains as its k-th has, in lane
 * `k mod length` of each segment, 16 (or less, in narrow lanes) to the power of the participant's place; all other lanes are 0. So in
 * an opened sum, the digit of a place in a lane is how often that update is in it.
 */
export interface Measure {
  readonly place: number;
  /** How many updates this participant trained before. */
  readonly serial: number;
  /** Whether the metrics segment is filled; default true. */
  readonly metrics?: boolean;
}

/** Digits of lanes of each width: six places and a count of at least 6 fit under 2^(b − 1). */
const baseOf = { 16: 0, 24: 14, 32: 16 } as const;

/** The lanes of one update. Segments too narrow for digits stay zero. */
export function lanesOf(layout: Layout, { place, serial, metrics = true }: Measure): Int32Array[] {
  return layout.segments.map(({ segment }) => {
    const lanes = new Int32Array(segment.length);
    const base = baseOf[segment.bits];
    const filled = segment.kind === 'model' || (segment.kind === 'metrics' && metrics);
    if (base > 0 && filled) lanes[serial % segment.length] = base ** place;
    if (segment.kind === 'weight') lanes[0] = 2 ** place;
    return lanes;
  });
}

/** A segment that has digits, and how often each update is in it: `place/lane` → count, zeros left out. */
export interface Counted {
  readonly segment: Segment;
  readonly counts: ReadonlyMap<string, number>;
}

/** How often each update is in an opened sum. */
export function countsIn(layout: Layout, sum: readonly Int32Array[]): readonly Counted[] {
  return layout.segments.flatMap(({ segment }, index): readonly Counted[] => {
    const base = baseOf[segment.bits];
    if (base === 0 || segment.kind === 'weight') return [];
    const counts = new Map<string, number>();
    sum[index]!.forEach((value, lane) => {
      for (let place = 0, rest = value; rest !== 0; place++, rest = Math.trunc(rest / base)) {
        if (rest % base !== 0) counts.set(`${place}/${lane}`, rest % base);
      }
    });
    return [{ segment, counts }];
  });
}

/** What those counts are when each of these updates is in the sum once. */
export function countsWanted(segment: Segment, measures: readonly Measure[]): ReadonlyMap<string, number> {
  const filled = measures.filter(({ metrics = true }) => segment.kind === 'model' || metrics);
  return new Map(filled.map(({ place, serial }) => [`${place}/${serial % segment.length}`, 1]));
}
