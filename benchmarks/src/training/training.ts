import { engineNames } from '@concordat/client-sdk';
import { type Cost, median } from '../measure.js';
import type { Measurement, Question } from '../measurement.js';
import { findPythons, openPython, type Python } from './python.js';
import { type Contest, openEngine, openStockWasm, type Rival } from './rival.js';

/** What the engine that the ladder takes is to reach. */
export interface TrainingGoal {
  readonly timesPyTorch: number;
  readonly timesWasm: number;
}

/** What one rival made of a contest. */
interface Result {
  readonly name: string;
  readonly perCpuSecond: number;
  readonly perSecond: number;
  readonly bytes: number | undefined;
}

/**
 * Examples per CPU second of the first engine of the ladder that loads, batch 10, beside `goal` times what PyTorch makes in the same run, turn
 * by turn; where there is no PyTorch, tfjs on wasm. Processor time, because others use the machine too.
 *
 * @param pythons those to compete with; those that are found unless given.
 */
export async function measureTraining(
  { repeats }: Question,
  contest: Contest,
  goal: TrainingGoal,
  pythons?: readonly Python[],
): Promise<Measurement> {
  const detail: Record<string, string | number> = {};
  const { rivals, reference } = await openRivals(contest, pythons ?? (await findPythons()), detail);
  const results = await compete(rivals, Math.max(repeats, 5)).finally(() => Promise.all(rivals.map((r) => r.close())));
  for (const { name, perCpuSecond, perSecond, bytes } of results) {
    detail[`${name} per CPU second`] = perCpuSecond;
    detail[`${name} per second`] = perSecond;
    if (bytes !== undefined) detail[`${name} MiB`] = Math.round(bytes / 2 ** 20);
  }
  const value = results[0]!.perCpuSecond;
  const rateOf = (start: string): number =>
    Math.max(...results.filter(({ name }) => name.startsWith(start)).map((result) => result.perCpuSecond));
  for (const start of ['PyTorch', 'numpy', 'tfjs-wasm', 'wasm of tfjs']) {
    if (results.some(({ name }) => name.startsWith(start))) detail[`times ${start}`] = value / rateOf(start);
  }
  const times = reference === 'PyTorch' ? goal.timesPyTorch : goal.timesWasm;
  return {
    value,
    unit: 'examples/s',
    limit: times * rateOf(reference),
    detail: { limit: `${times} times ${reference}`, ...detail },
  };
}

async function openRivals(
  contest: Contest,
  pythons: readonly Python[],
  detail: Record<string, string | number>,
): Promise<{ readonly rivals: readonly Rival[]; readonly reference: 'PyTorch' | 'tfjs-wasm' }> {
  const rivals: Rival[] = [];
  for (const engine of engineNames) {
    // It would take minutes.
    if (engine === 'tfjs-cpu') continue;
    const opened = await openEngine(engine, contest);
    if ('reason' in opened) detail[engine] = opened.reason;
    else rivals.push(opened);
  }
  const stock = await openStockWasm(contest);
  if ('reason' in stock) detail['wasm of tfjs'] = stock.reason;
  else rivals.push(stock);
  for (const python of pythons) {
    if (python.versions.torch !== undefined) rivals.push(openPython(python, 'torch', contest));
    // By hand there is only this one.
    if (python.versions.numpy !== undefined && contest.network === '2nn') {
      rivals.push(openPython(python, 'numpy', contest));
    }
  }
  const reference = pythons.some(({ versions }) => versions.torch !== undefined) ? 'PyTorch' : 'tfjs-wasm';
  if (reference !== 'PyTorch') {
    detail.PyTorch = 'not installed';
    process.stderr.write(`\n!! NO PYTORCH HERE: nothing is said about it. ${howToInstall}\n\n`);
  }
  return { rivals, reference };
}

const howToInstall = 'Debian: apt-get install python3-torch. Others: docs/trainers.md, "How fast".';

/** Each turn by all, one after another, so that what the machine does beside them hits all alike. The first turn is not counted. */
async function compete(rivals: readonly Rival[], turns: number): Promise<Result[]> {
  const costs = rivals.map((): Cost[] => []);
  for (let turn = 0; turn <= turns; turn++) {
    for (const [i, rival] of rivals.entries()) {
      const cost = await rival.turn();
      if (turn > 0) costs[i]!.push(cost);
    }
  }
  return rivals.map((rival, i) => ({
    name: rival.name,
    perCpuSecond: (1000 * rival.examples) / median(costs[i]!.map(({ cpuMillis }) => cpuMillis)),
    perSecond: (1000 * rival.examples) / median(costs[i]!.map(({ wallMillis }) => wallMillis)),
    bytes: rival.bytes(),
  }));
}
