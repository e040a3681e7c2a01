/** What one repetition cost. */
export interface Cost {
  readonly wallMillis: number;
  /** User and system time of the whole process. */
  readonly cpuMillis: number;
}

/**
 * Measure several pieces of work turn by turn, so that a slow moment of the machine meets all of them.
 *
 * @param repeats measured turns; one more is run first and not counted.
 * @returns the median cost of each piece, in the order given.
 */
export function measureTogether(pieces: readonly (() => void)[], repeats: number): Cost[] {
  const costs = pieces.map((): Cost[] => []);
  for (let turn = 0; turn <= repeats; turn++) {
    pieces.forEach((work, piece) => {
      const cost = costOf(work);
      if (turn > 0) costs[piece]!.push(cost);
    });
  }
  return costs.map((all) => ({
    wallMillis: median(all.map(({ wallMillis }) => wallMillis)),
    cpuMillis: median(all.map(({ cpuMillis }) => cpuMillis)),
  }));
}

/** The middle value, or the mean of the two in the middle. @param values not empty. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function costOf(work: () => void): Cost {
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  work();
  const wallMillis = performance.now() - wallBefore;
  const cpu = process.cpuUsage(cpuBefore);
  return { wallMillis, cpuMillis: (cpu.user + cpu.system) / 1000 };
}
