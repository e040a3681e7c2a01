import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type CampaignOptions, KillCampaign } from './campaign.js';
import type { Kind } from './kind.js';
import { kinds } from './kinds/all.js';
import { type Action, failpoints, Schedule } from './schedule.js';
import { lineOf, type RunLine, readyMillisMax, tallyOf } from './tally.js';

const usage = `npm run kill:coordinator -- [--seeds N] [--random R] [--only KIND|FAILPOINT] [--seed TEXT] [--actions crash,error] [--ready MILLIS] [--state FILE] [--program FILE] [--list]
  Kills a coordinator's process on both sides of every durable write, once for each seed, and R times at random, in runs of many kinds with
  six participants (d = 1000, up to three rounds); beside it the same is done at a coordinator that lives. Prints one JSON line at the end,
  and fails when something is violated or a failpoint was never passed. Its files are below TMPDIR.
  --seeds N      each draws the order of kinds and the occurrences of failpoints; default 20
  --random R     kills at random times, over all seeds; default 200
  --only NAME    one kind, or the failpoints whose name begins so
  --seed TEXT    what the seeds begin with, default "kill": campaigns beside one another take others
  --actions LIST crash ends the process, error has the write fail; default crash
  --ready MILLIS from the start of a process to listening, at most; default ${readyMillisMax}
  --state FILE   runs that ended, one JSON line each: a campaign that was stopped goes on with the seed behind them
  --program FILE instead of the command, e.g. a bundle of it that starts faster
  --list         print the kinds and the failpoints, and end`;

interface Chosen {
  readonly kinds: readonly Kind[];
  readonly places: readonly string[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20' },
      random: { type: 'string', default: '200' },
      only: { type: 'string', default: '' },
      seed: { type: 'string', default: 'kill' },
      actions: { type: 'string', default: 'crash' },
      ready: { type: 'string', default: String(readyMillisMax) },
      state: { type: 'string' },
      program: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const chosen = choose(values.only);
  const [seeds, random, ready] = [Number(values.seeds), Number(values.random), Number(values.ready)];
  const actions = values.actions.split(',') as Action[];
  const isKnown = actions.every((action) => action === 'crash' || action === 'error');
  const isUsable = isKnown && chosen.places.length > 0 && seeds >= 1 && random >= 0 && ready > 0;
  if (values.list) process.stdout.write(`${[...kinds.map(({ name }) => name), ...failpoints].join('\n')}\n`);
  else if (values.help || !isUsable) process.stdout.write(`${usage}\n`);
  if (values.help || values.list || !isUsable) return values.help || values.list ? 0 : 4;
  const lines = readState(values.state);
  const note = (line: RunLine) => {
    lines.push(line);
    if (values.state !== undefined) appendFileSync(values.state, `${JSON.stringify(line)}\n`);
    for (const violation of line.violations) process.stderr.write(`${line.seed} ${line.kind}: ${violation}\n`);
  };
  const began = performance.now();
  const done = new Set(lines.slice(0, -1).map(({ seed }) => seed));
  // Of the last one nobody knows whether it was done.
  done.delete(lines.at(-1)?.seed ?? '');
  const house = new Reopened({ program: values.program, readyMillisMax: ready, runs: lines.length });
  const leave = () => void house.close().finally(() => process.exit(130));
  // Its coordinator is a group of its own, and would stay.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
  try {
    for (let at = 1; at <= seeds; at++) {
      const seed = `${values.seed} ${at}`;
      const randoms = Math.ceil(random / seeds);
      if (!done.has(seed)) await playSeed(house, new Schedule({ seed, ...chosen, actions, randoms }), seed, note);
    }
  } finally {
    await house.close();
  }
  // A kind by itself does not pass every failpoint.
  const isWhole = !kinds.some(({ name }) => name === values.only);
  const tally = tallyOf(lines, chosen.places);
  const seconds = Math.round((performance.now() - began) / 1000);
  process.stdout.write(`${JSON.stringify({ ...tally, seconds })}\n`);
  return tally.violations === 0 && tally.kills > 0 && (tally.neverPassed.length === 0 || !isWhole) ? 0 : 1;
}

/** @param only name of a kind, or what names of failpoints begin with. */
function choose(only: string): Chosen {
  const kind = kinds.find(({ name }) => name === only);
  if (kind !== undefined) return { kinds: [kind], places: failpoints };
  const places = failpoints.filter((failpoint) => failpoint.startsWith(only));
  return { kinds, places };
}

async function playSeed(
  house: Reopened,
  schedule: Schedule,
  seed: string,
  note: (line: RunLine) => void,
): Promise<void> {
  for (let next = schedule.next(); next !== undefined; next = schedule.next()) {
    const { kind, deaths } = next;
    const began = performance.now();
    try {
      const run = await (await house.campaign()).run(kind, deaths);
      schedule.note(run);
      const line = lineOf(run, seed);
      note(line);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const left = schedule.left.length;
      process.stderr.write(`${seed} ${kind.name}: ${line.kills.length} kills in ${seconds} s, ${left} left\n`);
    } catch (error) {
      const violations = [`it does not go on: ${error instanceof Error ? (error.stack ?? error.message) : error}`];
      note({ seed, kind: kind.name, kills: [], readyMillis: [], acknowledgements: 0, violations });
      await house.close();
    }
  }
}

/** A campaign, and another one when it does not go on. */
class Reopened {
  readonly #options: CampaignOptions;
  #campaign: KillCampaign | undefined;
  #runs: number;

  constructor(options: CampaignOptions & { readonly runs: number }) {
    this.#options = options;
    this.#runs = options.runs;
  }

  async campaign(): Promise<KillCampaign> {
    this.#runs += 1;
    this.#campaign ??= await KillCampaign.open({ ...this.#options, runs: this.#runs - 1 });
    return this.#campaign;
  }

  async close(): Promise<void> {
    await this.#campaign?.close();
    this.#campaign = undefined;
  }
}

function readState(path: string | undefined): RunLine[] {
  if (path === undefined || !existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunLine);
}

process.exitCode = await main();
