import { readFileSync } from 'node:fs';
import { type EngineName, engineNames } from '@concordat/client-sdk';
import { FederatedError } from '@concordat/core';
import { type CommandResult, conclude, type EnvelopeIo } from '@concordat/proto';
import { type Command, Option } from 'commander';
import { portsOfOwnProcess } from './own-process.js';
import { parseScenario, type Scenario } from './scenario.js';
import type { Sharing } from './shared-agreements.js';
import type { Verifications } from './shared-verifications.js';
import { type SimulatedRound, type SimulationResult, simulateTraining } from './simulate.js';

/** Add `sim run SCENARIO` to the program. */
export function registerSimCommands(program: Command, io: EnvelopeIo): void {
  const sim = program.command('sim').description('Simulate many participants in virtual time.');
  sim
    .command('run')
    .description('Run a scenario: the production machines of all parties, in virtual time.')
    .argument('<scenario>', 'scenario file, YAML')
    .option('--seed <n>', 'another seed than the scenario says')
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

interface RunFlags {
  readonly seed?: string;
  readonly sharing: Sharing;
  readonly workers?: string;
  readonly engine?: EngineName;
  readonly json?: true;
}

async function runScenario(path: string, flags: RunFlags, io: EnvelopeIo): Promise<CommandResult> {
  const scenario = withSeed(parseScenario(readScenario(path), path), flags.seed);
  const say = (line: string): void => void (flags.json === true || io.stdout.write(`${line}\n`));
  const startedAt = performance.now();
  say(`scenario ${scenario.name}: ${scenario.participants} participants, seed ${scenario.seed}`);
  const result = await simulateTraining(scenario, {
    ports: { ...portsOfOwnProcess(), sharing: flags.sharing },
    ...(flags.workers === undefined ? {} : { workers: workersOf(flags.workers) }),
    ...(flags.engine === undefined ? {} : { engine: flags.engine }),
    onEngine: ({ engine, why }) => say(`training with ${engine}: ${why}`),
    onRound: (round) => say(roundSentence(round)),
  });
  const data = summary(result, (performance.now() - startedAt) / 1000);
  if (!result.exact) {
    io.exit(5);
    io.stderr.write('A sum was not exact: this is our bug.\n');
  } else if (result.outcome !== 'completed') {
    io.exit(1);
    io.stderr.write(`The run was aborted: ${result.reason}\n`);
  }
  return { data, lines: prose(result) };
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

function withSeed(scenario: Scenario, seed: string | undefined): Scenario {
  if (seed === undefined) return scenario;
  if (!/^[0-9]{1,15}$/.test(seed)) {
    throw new FederatedError('invalid-argument', `--seed ${JSON.stringify(seed)} is not a whole number`, {
      fix: 'Give a whole number from 0, for example --seed 7.',
    });
  }
  return { ...scenario, seed: Number(seed) };
}

function workersOf(text: string): number {
  const workers = Number(text);
  if (Number.isInteger(workers) && workers >= 1 && workers <= workersMax) return workers;
  throw new FederatedError('invalid-argument', `--workers ${JSON.stringify(text)} is no number of threads`, {
    fix: `Give a whole number from 1 to ${workersMax}, for example --workers 2.`,
  });
}

function summary(result: SimulationResult, seconds: number) {
  const { scenario, outcome, reason, exact, rounds, virtualMillis, verifications, agreements, derivations } = result;
  return {
    scenario: scenario.name,
    seed: scenario.seed,
    participants: scenario.participants,
    outcome,
    reason,
    exact,
    modelHash: result.modelHash,
    virtualSeconds: virtualMillis / 1000,
    seconds,
    verifications,
    agreements,
    derivations,
    rounds: rounds.map((round) => ({ ...round, outcome: outcomeOf(round) })),
  };
}

function outcomeOf({ outcome }: SimulatedRound) {
  switch (outcome.type) {
    case 'published':
      return { type: outcome.type, modelVersion: outcome.modelVersion };
    case 'evaluated':
      return { type: outcome.type };
    case 'abandoned':
      return { type: outcome.type, phase: outcome.phase, reason: outcome.reason };
  }
}

function prose(result: SimulationResult): string[] {
  const { outcome, reason, virtualMillis, verifications, agreements, derivations } = result;
  const of = ({ asked, computed }: Verifications) => `${computed} of ${asked}`;
  return [
    `${outcome} after ${(virtualMillis / 1000).toFixed(1)} virtual seconds${reason === '' ? '' : `: ${reason}`}`,
    `computed for all parties: ${of(verifications)} signature checks, ${of(agreements)} agreements, ${of(derivations)} derived keys; they share the answers for the same bytes`,
  ];
}

function roundSentence(round: SimulatedRound): string {
  const lost = lostWords(round);
  const bytes = Object.values(round.traffic).reduce((sum, traffic) => sum + traffic.bytes, 0);
  const groups = round.groups === undefined ? '' : ` in ${round.groups.length} groups`;
  const verdict =
    round.outcome.type === 'abandoned'
      ? `abandoned in ${round.outcome.phase}: ${round.outcome.reason}; nothing was opened`
      : `${round.survivors.length} of ${round.cohort.length} in the sum${groups}, ${round.lanes} lanes ${round.exact === true ? 'exact' : 'NOT EXACT'}`;
  const measured = Object.entries(round.measured ?? {}).map(([name, value]) => ` · ${name} ${value.toFixed(4)}`);
  return `round ${round.round}: ${verdict}${measured.join('')}${lost === '' ? '' : ` · ${lost}`} · ${(bytes / 1e6).toFixed(2)} MB`;
}

/** By name while they are few. */
function lostWords({ dropped }: SimulatedRound): string {
  if (dropped.length <= 8) return dropped.map(({ participant, step }) => `${participant} lost at ${step}`).join(', ');
  const steps = [...new Set(dropped.map(({ step }) => step))];
  return steps.map((step) => `${dropped.filter((one) => one.step === step).length} lost at ${step}`).join(', ');
}
