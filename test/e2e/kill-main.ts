import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { failpoints, KillCampaign, type KilledRun } from './kill-campaign.js';

const usage = `npm run kill:participants -- [--state FILE] [--only PREFIX] [--list]
  Kills a participant's process on both sides of every durable write, at each occurrence, one run for each; prints one JSON line at the end.
  --state FILE   finished kills, one JSON line each: a campaign that was stopped goes on behind them
  --only PREFIX  failpoints whose name begins so, e.g. participant.journal
  --list         print the failpoints and end`;

interface Finished extends KilledRun {
  readonly failpoint: string;
  readonly nth: number;
}

/** More passes of one failpoint in one run would be a loop. */
const passesMax = 200;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      only: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const wanted = failpoints.filter((name) => name.startsWith(values.only));
  if (values.help || wanted.length === 0) {
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
    const campaign = await KillCampaign.open();
    try {
      for (const failpoint of group) await killAtEach(campaign, failpoint, finished, values.state);
    } finally {
      await campaign.close();
    }
  }
  return conclude(
    finished.filter(({ failpoint }) => wanted.includes(failpoint)),
    performance.now() - started,
  );
}

/** Kill at the first pass, the second, …, until the run is over before the failpoint is reached so often. */
async function killAtEach(
  campaign: KillCampaign,
  failpoint: string,
  finished: Finished[],
  state: string | undefined,
): Promise<void> {
  for (let nth = 1; nth <= passesMax; nth++) {
    const before = finished.find((one) => one.failpoint === failpoint && one.nth === nth);
    const result = before ?? { failpoint, nth, ...(await campaign.run([`${failpoint}:crash:${nth}`])) };
    if (before === undefined) {
      finished.push(result);
      if (state !== undefined) appendFileSync(state, `${JSON.stringify(result)}\n`);
      for (const violation of result.violations) process.stderr.write(`${failpoint} at pass ${nth}: ${violation}\n`);
    }
    if (result.ends[0] !== 'SIGKILL') return;
  }
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
  const result = {
    kills: killed.length,
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
