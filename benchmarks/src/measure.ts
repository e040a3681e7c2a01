/** What one repetition cost. */
export interface Cost {
  readonly wallMillis: number;
  /** User and system time of the whole process. */
  readonly cpuMillis: number;
}

/**
 * Measure a piece of work several times.
 *
 * @param repeats measured turns; one more is run first and not counted.
 * @returns the medians of what the turns cost.
 */
export async function measureCost(work: () => void | Promise<void>, repeats: number): Promise<Cost> {
  const costs: Cost[] = [];
  for (let turn = 0; turn <= repeats; turn++) {
    const cost = await costOf(work);
    if (turn > 0) costs.push(cost);
  }
  return {
    wallMillis: median(costs.map(({ wallMillis }) => wallMillis)),
    cpuMillis: median(costs.map(({ cpuMillis }) => cpuMillis)),
  };
}

/** The middle value, or the mean of the two in the middle. @param values not empty. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Of one turn. */
export async function costOf(work: () => void | Promise<void>): Promise<Cost> {
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  await work();
  const wallMillis = performance.now() - wallBefore;
  const cpu = process.cpuUsage(cpuBefore);
  return { wallMillis, cpuMillis: (cpu.user + cpu.system) / 1000 };
}
