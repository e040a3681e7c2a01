import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  type Model,
  roundsUnderAttack,
  roundsUnderFaults,
  type Slice,
  sessionUnderAttack,
  sessionUnderFaults,
} from './campaign.js';

/** Runs of one slice: a slice is what a stopped campaign loses at most. */
const sliceRuns = 1000;

const usage = `npm run model -- [--runs N] [--seed S] [--models a,b] [--state FILE] [--path P]
  --runs N      lists of operations in all, spread over the models; default 2000
  --seed S      slice i of a model draws from S + i; default 1
  --models a,b  of: ${allModels()
    .map((model) => model.name)
    .join(', ')}; default all
  --state FILE  finished slices, one JSON line each: a campaign that was stopped goes on behind them
  --path P      replay the list that a violation printed; with its seed and one model`;

function allModels(): readonly Model[] {
  return [sessionUnderFaults(), sessionUnderAttack(), roundsUnderFaults(), roundsUnderAttack()];
}

function main(): number {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      models: { type: 'string' },
      state: { type: 'string' },
      path: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const wanted = values.models?.split(',') ?? allModels().map((model) => model.name);
  const models = allModels().filter((model) => wanted.includes(model.name));
  const [runs, seed] = [Number(values.runs), Number(values.seed)];
  if (models.length !== wanted.length || !Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
    process.stderr.write(`${usage}\n`);
    return 4;
  }
  if (values.path !== undefined) {
    const [model] = models;
    return finish([model!.check({ seed, runs: 1, path: values.path })], 0);
  }
  return campaign(models, { runs, seed, state: values.state });
}

function campaign(
  models: readonly Model[],
  options: { readonly runs: number; readonly seed: number; readonly state: string | undefined },
): number {
  const { state } = options;
  const done = state !== undefined && existsSync(state) ? readSlices(state) : [];
  const slices: Slice[] = [];
  const perModel = Math.ceil(options.runs / models.length);
  let [measuredRuns, measuredMillis] = [0, 0];
  for (let from = 0, slice = 0; from < perModel; from += sliceRuns, slice++) {
    for (const model of models) {
      const [seed, runs] = [options.seed + slice, Math.min(sliceRuns, perModel - from)];
      const known = done.find((one) => one.model === model.name && one.seed === seed && one.runs === runs);
      const began = performance.now();
      const finished = known ?? model.check({ seed, runs });
      slices.push(finished);
      if (known !== undefined) continue;
      measuredRuns += finished.runs;
      measuredMillis += performance.now() - began;
      if (state !== undefined) appendFileSync(state, `${JSON.stringify(finished)}\n`);
      process.stderr.write(
        `${model.name}: seed ${seed}, ${finished.runs} runs, ${JSON.stringify(finished.outcomes)}\n`,
      );
      if (finished.violation !== undefined) return finish(slices, rate(measuredRuns, measuredMillis));
    }
  }
  return finish(slices, rate(measuredRuns, measuredMillis));
}

function rate(runs: number, millis: number): number {
  return runs === 0 ? 0 : Math.round((1000 * runs) / millis);
}

function readSlices(path: string): readonly Slice[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.length > 0);
  return lines.map((line) => JSON.parse(line) as Slice);
}

/** Print the summary as one JSON line; exit 1 when an invariant was broken. */
function finish(slices: readonly Slice[], runsPerSecond: number): number {
  const outcomes: Record<string, Record<string, number>> = {};
  for (const slice of slices) {
    outcomes[slice.model] ??= {};
    const counts = outcomes[slice.model]!;
    for (const [outcome, count] of Object.entries(slice.outcomes)) counts[outcome] = (counts[outcome] ?? 0) + count;
  }
  const broken = slices.filter((slice) => slice.violation !== undefined);
  const runs = slices.reduce((sum, slice) => sum + slice.runs, 0);
  const violations = broken.map(({ model, seed, violation }) => ({ model, seed, ...violation }));
  process.stdout.write(
    `${JSON.stringify({ runs, outcomes, invariantViolations: broken.length, violations, runsPerSecond })}\n`,
  );
  return broken.length === 0 ? 0 : 1;
}

process.exitCode = main();
