import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { FailpointAction } from '@concordat/node';
import { failpoints, KillCampaign, type KilledRun } from './kill-campaign.js';

const usage = `npm run kill:participants -- [--state FILE] [--only PREFIX] [--actions crash,error,delay] [--checked] [--list]
  Kills a participant's process on both sides of every durable write, at each occurrence, one run for each; prints one JSON line at the end.
  --state FILE   finished runs, one JSON line each: a campaign that was stopped goes on behind them
  --only PREFIX  failpoints whose name begins so, e.g. participant.journal
  --actions LIST after each kill the same run with the write failing (error) or a second late (delay); default crash
  --checked      members compute every sum anew (the aggregate check)
  --list         print the failpoints and end`;

interface Finished extends KilledRun {
  readonly failpoint: string;
  /** The first is always `crash`: it tells whether the run comes by so often. */
  readonly action: FailpointAction;
  readonly nth: number;
}

/** More passes of one failpoint in one run would be a loop. */
const passesMax = 200;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      only: { type: 'string', default: '' },
      actions: { type: 'string', default: 'crash' },
      checked: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = failpoints.filter((name) => name.startsWith(values.only));
  const actions = values.actions.split(',') as FailpointAction[];
  const isKnown = actions[0] === 'crash' && actions.every((action) => ['crash', 'error', 'delay'].includes(action));
  if (values.help || wanted.length === 0 || !isKnown) {
    process.stdout.write(`${usage}\n`);
    return values.help ? 0 : 4;
  }
  if (values.list) {
    process.stdout.write(`${wanted.join('\n')}\n`);
    return 0;
  }
  const finished = readState(values.state);
  const started = performance.now();
  const isFirst = (name: string) => name.startsWith('participant.roster');
  // A roster is adopted once, with the first plan: each of its failpoints takes participants that have seen no run.
  const groups = [wanted.filter((name) => !isFirst(name)), ...wanted.filter(isFirst).map((name) => [name])];
  for (const group of groups.filter(({ length }) => length > 0)) {
    const campaign = await KillCampaign.open(values);
    try {
      for (const failpoint of group) await stopAtEach({ campaign, failpoint, actions, finished, state: values.state });
    } finally {
      await campaign.close();
    }
  }
  return conclude(
    finished.filter(({ failpoint }) => wanted.includes(failpoint)),
    performance.now() - started,
  );
}

interface Stops {
  readonly campaign: KillCampaign;
  readonly failpoint: string;
  readonly actions: readonly FailpointAction[];
  readonly finished: Finished[];
  readonly state: string | undefined;
}

/** Stop at the first pass, the second, …, until the run is over before the failpoint is reached so often. */
async function stopAtEach(stops: Stops): Promise<void> {
  for (let nth = 1; nth <= passesMax; nth++) {
    for (const action of stops.actions) {
      const { ends } = await stopOnce(stops, action, nth);
      if (action === 'crash' && ends[0] !== 'SIGKILL') return;
    }
  }
}

async function stopOnce(
  { campaign, failpoint, finished, state }: Stops,
  action: FailpointAction,
  nth: number,
): Promise<Finished> {
  const isIt = (one: Finished) => one.failpoint === failpoint && one.action === action && one.nth === nth;
  const before = finished.find(isIt);
  if (before !== undefined) return before;
  const result = { failpoint, action, nth, ...(await campaign.run([`${failpoint}:${action}:${nth}`])) };
  finished.push(result);
  if (state !== undefined) appendFileSync(state, `${JSON.stringify(result)}\n`);
  for (const violation of result.violations) process.stderr.write(`${failpoint}:${action}:${nth}: ${violation}\n`);
  return result;
}

function readState(path: string | undefined): Finished[] {
  if (path === undefined || !existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Finished);
}

function conclude(finished: readonly Finished[], millis: number): number {
  const killed = finished.filter(({ ends }) => ends[0] === 'SIGKILL');
  const violations = finished.flatMap((one) => one.violations);
  const perFailpoint: Record<string, number> = {};
  for (const { failpoint } of killed) perFailpoint[failpoint] = (perFailpoint[failpoint] ?? 0) + 1;
  const unreached = failpoints.filter(
    (name) => finished.some((one) => one.failpoint === name) && perFailpoint[name] === undefined,
  );
  const contributed = killed.filter((one) => one.contributed).length;
  const failing = finished.filter(({ action }) => action === 'error');
  const result = {
    kills: killed.length,
    errors: failing.length,
    endedByErrors: failing.filter(({ ends }) => ends[0] === 1).length,
    delays: finished.filter(({ action }) => action === 'delay').length,
    runs: finished.length,
    violations: violations.length,
    contributed,
    perFailpoint,
    unreached,
  };
  process.stdout.write(`${JSON.stringify({ ...result, seconds: Math.round(millis / 1000) })}\n`);
  return violations.length === 0 && unreached.length === 0 && killed.length > 0 ? 0 : 1;
}

process.exitCode = await main();
