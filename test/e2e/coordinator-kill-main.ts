import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readU32 } from '@concordat/core';
import { seeded } from '../coordinator/machine-participant.js';
import { CoordinatorKillCampaign, type EndedLife, failpoints, readyMillisMax } from './coordinator-kill-campaign.js';

const usage = `npm run kill:coordinator -- [--state FILE] [--seeds N] [--first N] [--random R] [--only PREFIX] [--actions crash,error] [--program FILE] [--list]
  Kills a coordinator's process on both sides of every durable write, N times each, and R times at random; d = 1000, 3 rounds, 5 participants.
  Prints one JSON line at the end. Its files are below TMPDIR.
  --state FILE   lives that ended, one JSON line each: a campaign that was stopped goes on behind them
  --seeds N      occurrences of each failpoint, default 20
  --first N      the first seed, default 1: campaigns beside one another take others
  --random R     kills at random times, default 200
  --only PREFIX  failpoints whose name begins so
  --actions LIST crash ends the process, error has the write fail; default crash
  --program FILE instead of the command, e.g. a bundle of it that starts faster
  --list         print the failpoints and end`;

interface Wanted {
  readonly failpoint: string;
  readonly seed: number;
  readonly kill: string;
}

interface Line extends Partial<EndedLife> {
  readonly failpoint?: string;
  readonly seed?: number;
  readonly violations?: readonly string[];
  readonly acknowledgements?: number;
}

/** Writes that come by often in a run: the occurrence is drawn from the first so many. */
const often: Readonly<Record<string, number>> = {
  'coordinator.receipt': 20,
  'coordinator.session-input': 20,
  'coordinator.masked-vector': 6,
  'coordinator.blob': 5,
  'coordinator.journal.approved': 4,
};
/** A run that is over before the failpoint came by: tried again so often. */
const triesMax = 2;
const randomMillisMax = 2_500;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      seeds: { type: 'string', default: '20' },
      first: { type: 'string', default: '1' },
      random: { type: 'string', default: '200' },
      only: { type: 'string', default: '' },
      actions: { type: 'string', default: 'crash' },
      program: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = failpoints.filter((name) => name.startsWith(values.only));
  const actions = values.actions.split(',');
  const isKnown = actions.every((action) => action === 'crash' || action === 'error');
  if (values.help || wanted.length === 0 || !isKnown || values.list) {
    process.stdout.write(`${values.list ? wanted.join('\n') : usage}\n`);
    return values.help || values.list ? 0 : 4;
  }
  const lines = readState(values.state);
  const done = new Set(
    lines.filter(({ fired }) => fired).map(({ failpoint, seed, kill }) => keyOf(failpoint, seed, kill)),
  );
  const queue = kills(wanted, actions, values).filter(
    ({ failpoint, seed, kill }) => !done.has(keyOf(failpoint, seed, kill)),
  );
  const started = performance.now();
  const note = (line: Line) => {
    lines.push(line);
    if (values.state !== undefined) appendFileSync(values.state, `${JSON.stringify(line)}\n`);
  };
  await work(queue, values.program, note);
  return conclude(lines, wanted, performance.now() - started);
}

async function work(queue: Wanted[], program: string | undefined, note: (line: Line) => void): Promise<void> {
  const tries = new Map<string, number>();
  const sent: (Wanted | undefined)[] = [];
  const next = () => {
    const one = queue.shift();
    sent.push(one);
    return one;
  };
  const campaign = await CoordinatorKillCampaign.open({ program, next });
  try {
    while (queue.length > 0) {
      const { lives, violations, acknowledgements } = await campaign.run();
      note({ violations, acknowledgements });
      for (const violation of violations) process.stderr.write(`${violation}\n`);
      for (const life of lives) {
        const one = sent.shift();
        if (one === undefined) continue;
        note({ ...life, failpoint: one.failpoint, seed: one.seed });
        if (life.fired || one.failpoint === 'random') continue;
        const tried = (tries.get(one.failpoint) ?? 0) + 1;
        tries.set(one.failpoint, tried);
        const again = { ...one, kill: one.kill.replace(/[0-9]+$/, '1') };
        if (tried <= triesMax) queue.push(again);
        // It does not come by in such runs.
        else queue.splice(0, queue.length, ...queue.filter(({ failpoint }) => failpoint !== one.failpoint));
      }
    }
  } finally {
    await campaign.close();
  }
}

/** In an order that is drawn: failpoints of one seed, then those of the next, and random ones between them. */
function kills(
  wanted: readonly string[],
  actions: readonly string[],
  said: { readonly first: string; readonly seeds: string; readonly random: string },
): Wanted[] {
  const [first, seeds, random] = [Number(said.first), Number(said.seeds), Number(said.random)];
  const all: Wanted[] = [];
  for (let seed = first; seed < first + seeds; seed++) {
    const some: Wanted[] = [];
    for (const failpoint of wanted) {
      const nth = 1 + draw(`${failpoint} ${seed}`, often[failpoint.replace(/\.(before|after)$/, '')] ?? 1);
      for (const action of actions) some.push({ failpoint, seed, kill: `${failpoint}:${action}:${nth}` });
    }
    for (let at = 0; at < Math.ceil(random / seeds); at++) {
      const one = 1_000 * seed + at;
      some.push({ failpoint: 'random', seed: one, kill: `random:${draw(`random ${one}`, randomMillisMax)}` });
    }
    all.push(...shuffled(some, seed));
  }
  return all;
}

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  return items
    .map((item, at) => [draw(`order ${seed} ${at}`, 2 ** 30), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/** 0 to below - 1. */
function draw(seed: string, below: number): number {
  return readU32(seeded(seed).bytes(4)) % below;
}

function keyOf(failpoint: string | undefined, seed: number | undefined, kill: string | undefined): string {
  return `${failpoint} ${seed} ${kill?.includes(':error:') === true ? 'error' : 'crash'}`;
}

function readState(path: string | undefined): Line[] {
  if (path === undefined || !existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

function conclude(lines: readonly Line[], wanted: readonly string[], millis: number): number {
  const fired = lines.filter((line) => line.fired === true);
  const perFailpoint: Record<string, number> = {};
  for (const { failpoint } of fired) perFailpoint[failpoint!] = (perFailpoint[failpoint!] ?? 0) + 1;
  const reached = wanted.filter((name) => perFailpoint[name] !== undefined);
  const ready = lines
    .flatMap(({ readyMillis }) => (readyMillis === undefined ? [] : [readyMillis]))
    .sort((a, b) => a - b);
  const violations = lines.flatMap((line) => line.violations ?? []);
  const result = {
    sigkills: lines.filter(({ by }) => by === 'SIGKILL').length,
    atFailpoints: fired.filter(({ failpoint, by }) => failpoint !== 'random' && by === 'SIGKILL').length,
    atRandom: fired.filter(({ failpoint }) => failpoint === 'random').length,
    endedByErrors: fired.filter(({ by }) => by === 2).length,
    runs: lines.filter((line) => line.violations !== undefined).length,
    violations: violations.length,
    failpointsReached: reached.length,
    leastPerFailpoint: Math.min(...reached.map((name) => perFailpoint[name]!)),
    unreached: wanted.filter((name) => perFailpoint[name] === undefined),
    readyMillis: { median: Math.round(ready[ready.length >> 1] ?? 0), most: Math.round(ready.at(-1) ?? 0) },
    late: ready.filter((one) => one > readyMillisMax).length,
    perFailpoint,
    seconds: Math.round(millis / 1000),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return violations.length === 0 && fired.length > 0 ? 0 : 1;
}

process.exitCode = await main();
