import type { DisturbedRun } from './campaign.js';

/** What one run came to, as a line of a file. */
export type RunLine = Pick<DisturbedRun, 'kind' | 'acknowledgements' | 'violations'> & {
  readonly seed: string;
  /** Failpoints with their actions, and `random`; each ended a life. */
  readonly kills: readonly string[];
  readonly readyMillis: readonly number[];
};

/** @param seed of the schedule that it belongs to. */
export function lineOf({ kind, lives, acknowledgements, violations }: DisturbedRun, seed: string): RunLine {
  return {
    seed,
    kind,
    kills: lives.flatMap(({ kill }) => kill?.replace(/:\d+$/, '') ?? []),
    readyMillis: lives.flatMap(({ readyMillis }) => (readyMillis === undefined ? [] : [Math.round(readyMillis)])),
    acknowledgements,
    violations,
  };
}

/** Of a promise: a coordinator is ready again so soon. */
export const readyMillisMax = 5_000;

/**
 * What a campaign came to.
 *
 * @param places failpoints that were wanted, without actions.
 */
export function tallyOf(lines: readonly RunLine[], places: readonly string[]) {
  const kills = lines.flatMap((line) => line.kills);
  const times = new Map(places.map((place) => [place, 0]));
  for (const kill of kills) {
    const place = kill.replace(/:[a-z]+$/, '');
    if (times.has(place)) times.set(place, times.get(place)! + 1);
  }
  const passed = places.filter((place) => times.get(place)! > 0);
  const ready = lines.flatMap(({ readyMillis }) => readyMillis).sort((a, b) => a - b);
  const violations = lines.flatMap((line) => line.violations);
  return {
    runs: lines.length,
    kinds: new Set(lines.map(({ kind }) => kind)).size,
    kills: kills.length,
    atRandom: kills.filter((kill) => kill === 'random').length,
    byErrors: kills.filter((kill) => kill.endsWith(':error')).length,
    failpoints: { passed: passed.length, of: places.length, least: Math.min(...passed.map((one) => times.get(one)!)) },
    neverPassed: places.filter((place) => !passed.includes(place)),
    acknowledgements: lines.reduce((sum, line) => sum + line.acknowledgements, 0),
    starts: ready.length,
    readyMillis: {
      median: ready[ready.length >> 1] ?? 0,
      most: ready.at(-1) ?? 0,
      late: ready.filter((one) => one > readyMillisMax).length,
    },
    violations: violations.length,
  };
}
