import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineName, engineNames } from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { parseYaml } from '@concordat/node';
import { type CommandResult, conclude, type EnvelopeIo } from '@concordat/proto';
import { type Command, Option } from 'commander';
import { RunDirectory } from '../output/run-directory.js';
import { roundsOf, summaryOf } from '../output/summary.js';
import { endSentences, roundSentence } from '../output/words.js';
import { portsOfOwnProcess } from '../own-process.js';
import { type Override, parseScenario, type Scenario } from '../scenario.js';
import type { Sharing } from '../shared-agreements.js';
import { type SimulationResult, simulateTraining } from '../simulate.js';

/** Add `sim run SCENARIO` to the program. */
export function registerSimCommands(program: Command, io: EnvelopeIo): void {
  const sim = program.command('sim').description('Simulate many participants in virtual time.');
  sim
    .command('run')
    .description('Run a scenario: the production machines of all parties, in virtual time.')
    .argument('<scenario>', 'scenario file, YAML')
    .option('--seed <n>', 'another seed than the scenario says')
    .option('--seeds <n>', 'run it so often, each time with the next seed')
    .option('--set <path=value>', 'another setting than the scenario says; may be given again', gathered, [])
    .option(
      '--out <directory>',
      'write rounds.csv, events.jsonl and summary.json, with several seeds a directory for each',
    )
    .addOption(
      new Option(
        '--sharing <what>',
        'whether one of a pair gives the other its agreement, or only signature checks are shared',
      )
        .choices(['verifications', 'agreements'])
        .default('agreements'),
    )
    .option('--workers <n>', 'threads that train; as many as there are processors unless said')
    .addOption(new Option('--engine <name>', 'only this training engine').choices(engineNames))
    .option('--json', 'print one JSON envelope on stdout')
    .action((path: string, options: RunFlags) =>
      conclude(io, options.json === true, () => runScenario(path, options, io)),
    );
}

const workersMax = 256;
const seedsMax = 1_000;
const seedMax = 10 ** 15 - 1;

interface RunFlags {
  readonly seed?: string;
  readonly seeds?: string;
  readonly set: readonly string[];
  readonly out?: string;
  readonly sharing: Sharing;
  readonly workers?: string;
  readonly engine?: EngineName;
  readonly json?: true;
}

async function runScenario(path: string, flags: RunFlags, io: EnvelopeIo): Promise<CommandResult> {
  const scenario = parseScenario(readScenario(path), path, overridesOf(flags));
  const seeds = flags.seeds === undefined ? 1 : wholeNumber('--seeds', flags.seeds, { least: 1, most: seedsMax });
  const results: SimulationResult[] = [];
  const seconds: number[] = [];
  for (let i = 0; i < seeds; i++) {
    const startedAt = performance.now();
    results.push(await runSeed({ ...scenario, seed: scenario.seed + i }, flags, { io, several: seeds > 1 }));
    seconds.push((performance.now() - startedAt) / 1000);
  }
  if (results.some(({ exact }) => !exact)) {
    io.exit(5);
    io.stderr.write('A sum was not exact: this is our bug.\n');
  } else if (results.some(({ outcome }) => outcome !== 'completed')) {
    io.exit(1);
    const { reason } = results.find(({ outcome }) => outcome !== 'completed')!;
    io.stderr.write(`The run was aborted: ${reason}\n`);
  }
  const data = results.map((result, i) => ({ ...summaryOf(result), seconds: seconds[i]!, rounds: roundsOf(result) }));
  if (seeds === 1) return { data: data[0]!, lines: [] };
  const published = data.map((run) => run.published).sort((a, b) => a - b);
  const middle = published[Math.floor((seeds - 1) / 2)]!;
  return {
    data: { scenario: scenario.name, medianRounds: middle, runs: data },
    lines: [`${seeds} seeds: models published ${published.join(', ')}; median ${middle}`],
  };
}

async function runSeed(
  scenario: Scenario,
  flags: RunFlags,
  { io, several }: { readonly io: EnvelopeIo; readonly several: boolean },
): Promise<SimulationResult> {
  const say = (line: string): void => void (flags.json === true || io.stdout.write(`${line}\n`));
  say(`scenario ${scenario.name}: ${scenario.participants} participants, seed ${scenario.seed}`);
  let trains: string | undefined;
  // `engine` of a scenario names what draws deltas where nothing is learned.
  const said = scenario.train === undefined ? scenario : { ...scenario, engine: 'training' };
  const directory =
    flags.out === undefined
      ? undefined
      : await RunDirectory.create(several ? join(flags.out, `seed-${scenario.seed}`) : flags.out, { scenario: said });
  try {
    const result = await simulateTraining(scenario, {
      ports: { ...portsOfOwnProcess(), sharing: flags.sharing },
      ...(flags.workers === undefined
        ? {}
        : { workers: wholeNumber('--workers', flags.workers, { least: 1, most: workersMax }) }),
      ...(flags.engine === undefined ? {} : { engine: flags.engine }),
      onEngine({ engine, why }) {
        trains = engine;
        say(`training with ${engine}: ${why}`);
      },
      onRound(round) {
        directory?.round(round);
        say(roundSentence(round));
      },
    });
    await directory?.finish({ ...summaryOf(result), ...(trains === undefined ? {} : { engine: trains }) });
    for (const line of endSentences(result)) say(line);
    return result;
  } catch (error) {
    await directory?.close().catch(() => undefined);
    throw error;
  }
}

function readScenario(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FederatedError('invalid-argument', `cannot read scenario ${path}`, {
      fix: 'Name a YAML file, for example sim/scenarios/five.yaml.',
      cause,
    });
  }
}

function overridesOf({ seed, set }: RunFlags): Override[] {
  const given = set.map(overrideOf);
  if (seed === undefined) return given;
  return [...given, { path: 'seed', value: wholeNumber('--seed', seed, { least: 0, most: seedMax }) }];
}

function overrideOf(text: string): Override {
  const [, path, value] = /^([A-Za-z][A-Za-z0-9.]*)=(.*)$/s.exec(text) ?? [];
  const reading = path === undefined ? undefined : parseYaml(`value: ${value}`, '--set');
  if (path === undefined || reading?.type !== 'read') {
    throw new FederatedError('invalid-argument', `--set ${JSON.stringify(text)} is no setting`, {
      fix: 'Write a path, = and a value in YAML, for example --set train.epochs=5.',
    });
  }
  return { path, value: reading.file.document.value };
}

function gathered(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function wholeNumber(flag: string, text: string, { least, most }: { readonly least: number; readonly most: number }) {
  const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new FederatedError(
    'invalid-argument',
    `${flag} ${JSON.stringify(text)} is not a whole number from ${least} to ${most}`,
    {
      fix: `Give one, for example ${flag} 7.`,
    },
  );
}
