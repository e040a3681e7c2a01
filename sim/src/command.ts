import { readFileSync } from 'node:fs';
import { FederatedError } from '@concordat/core';
import { exitCodeOf } from '@concordat/proto';
import type { Command } from 'commander';
import { parseScenario, type Scenario } from './scenario.js';
import { type SimulatedRound, type SimulationResult, simulate } from './simulate.js';

/** Where a command writes and how it ends. */
export interface CommandIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  /** How the command ended; 0 unless called. */
  exit(code: number): void;
}

/** Add `sim run SCENARIO` to the program. */
export function registerSimCommands(program: Command, io: CommandIo): void {
  const sim = program.command('sim').description('Simulate many participants in virtual time.');
  sim
    .command('run')
    .description('Run a scenario: the production machines of all parties, in virtual time.')
    .argument('<scenario>', 'scenario file, YAML')
    .option('--seed <n>', 'another seed than the scenario says')
    .option('--json', 'print one JSON envelope on stdout')
    .action((path: string, options: { readonly seed?: string; readonly json?: true }) => {
      io.exit(runScenario(path, options, io));
    });
}

function runScenario(path: string, options: { readonly seed?: string; readonly json?: true }, io: CommandIo): number {
  try {
    const scenario = withSeed(parseScenario(readScenario(path), path), options.seed);
    const startedAt = performance.now();
    const result = simulate(scenario);
    const data = summary(result, (performance.now() - startedAt) / 1000);
    if (options.json === true) io.stdout.write(`${JSON.stringify({ schemaVersion: 1, status: 'ok', data })}\n`);
    else for (const line of prose(result)) io.stdout.write(`${line}\n`);
    if (result.outcome === 'completed' && result.exact) return 0;
    io.stderr.write(
      result.exact ? `The run was aborted: ${result.reason}\n` : 'A sum was not exact: this is our bug.\n',
    );
    return result.exact ? 1 : 5;
  } catch (error) {
    return fail(error, options.json === true, io);
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

function withSeed(scenario: Scenario, seed: string | undefined): Scenario {
  if (seed === undefined) return scenario;
  if (!/^[0-9]{1,15}$/.test(seed)) {
    throw new FederatedError('invalid-argument', `--seed ${JSON.stringify(seed)} is not a whole number`, {
      fix: 'Give a whole number from 0, for example --seed 7.',
    });
  }
  return { ...scenario, seed: Number(seed) };
}

function summary(result: SimulationResult, seconds: number) {
  const { scenario, outcome, reason, exact, rounds, virtualMillis } = result;
  return {
    scenario: scenario.name,
    seed: scenario.seed,
    participants: scenario.participants,
    outcome,
    reason,
    exact,
    virtualSeconds: virtualMillis / 1000,
    seconds,
    rounds: rounds.map((round) => ({ ...round, outcome: outcomeOf(round) })),
  };
}

function outcomeOf({ outcome }: SimulatedRound) {
  return outcome.type === 'published'
    ? { type: outcome.type, modelVersion: outcome.modelVersion }
    : { type: outcome.type, phase: outcome.phase, reason: outcome.reason };
}

function prose(result: SimulationResult): string[] {
  const { scenario, rounds, outcome, virtualMillis } = result;
  return [
    `scenario ${scenario.name}: ${scenario.participants} participants, seed ${scenario.seed}`,
    ...rounds.map(roundSentence),
    `${outcome} after ${(virtualMillis / 1000).toFixed(1)} virtual seconds`,
  ];
}

function roundSentence(round: SimulatedRound): string {
  const lost = round.dropped.map(({ participant, step }) => `${participant} lost at ${step}`).join(', ');
  const bytes = Object.values(round.traffic).reduce((sum, traffic) => sum + traffic.bytes, 0);
  const verdict =
    round.outcome.type === 'abandoned'
      ? `abandoned in ${round.outcome.phase}: ${round.outcome.reason}; nothing was opened`
      : `${round.survivors.length} of ${round.cohort.length} in the sum, ${round.lanes} lanes ${round.exact === true ? 'exact' : 'NOT EXACT'}`;
  return `round ${round.round}: ${verdict}${lost === '' ? '' : ` · ${lost}`} · ${(bytes / 1e6).toFixed(2)} MB`;
}

function fail(error: unknown, json: boolean, io: CommandIo): number {
  const { code, message, fix } = error instanceof FederatedError ? error : internalError(error);
  if (json)
    io.stdout.write(`${JSON.stringify({ schemaVersion: 1, status: 'error', error: { code, message, fix } })}\n`);
  else for (const line of [`${code}: ${message}`, ...(fix === undefined ? [] : [fix])]) io.stderr.write(`${line}\n`);
  return exitCodeOf(error);
}

function internalError(cause: unknown): FederatedError {
  return new FederatedError('internal', cause instanceof Error ? cause.message : String(cause), { cause });
}
