import fc from 'fast-check';
import type { RoundSabotage } from './round-chair.js';
import { faultyRounds, hostileRounds } from './round-operation.js';
import { runRounds } from './round-world.js';
import type { Sabotage } from './session-chair.js';
import { faultySession, hostileSession } from './session-operation.js';
import { runSession } from './session-world.js';
import { Violation } from './violation.js';

/** One kind of operation lists: how they are drawn, and what runs one. */
export interface Model {
  readonly name: string;
  check(options: CheckOptions): Slice;
}

export interface CheckOptions {
  readonly seed: number;
  readonly runs: number;
  /** Replays one list, as a violation printed it. */
  readonly path?: string;
  /** Whether a list that breaks an invariant is made as short as possible; default true. */
  readonly shrink?: boolean;
}

/** What some runs came to. */
export interface Slice {
  readonly model: string;
  readonly seed: number;
  readonly runs: number;
  /** How the runs ended; one count for each outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violation?: {
    readonly rule: string;
    readonly message: string;
    /** Replays the shrunk list: `--seed … --path …`. */
    readonly path: string;
    readonly counterexample: unknown;
  };
}

/** A model whose runs are drawn by `arbitrary` and end with an outcome, or throw. */
export function modelOf<Run>(name: string, arbitrary: fc.Arbitrary<Run>, run: (run: Run) => string): Model {
  return {
    name,
    check({ seed, runs, path, shrink = true }) {
      const outcomes: Record<string, number> = {};
      let shrinking = false;
      const property = fc.property(arbitrary, (drawn) => {
        try {
          const outcome = run(drawn);
          if (!shrinking) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        } catch (error) {
          shrinking = true;
          throw error;
        }
      });
      const result = fc.check(property, {
        seed,
        numRuns: runs,
        endOnFailure: !shrink,
        ...(path === undefined ? {} : { path }),
      });
      const base = { model: name, seed, runs: result.numRuns, outcomes };
      if (!result.failed) return base;
      const error = result.errorInstance;
      const violation = {
        rule: error instanceof Violation ? error.rule : 'exception',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        path: result.counterexamplePath ?? '',
        counterexample: result.counterexample?.[0],
      };
      return { ...base, violation };
    },
  };
}

/** Both secagg machines among honest people on a bad network. */
export const sessionUnderFaults = (sabotage?: Sabotage): Model =>
  modelOf('session', faultySession, (run) => runSession(run, sabotage).outcome);

/** The same under a coordinator that tells two stories, with c colluders. */
export const sessionUnderAttack = (sabotage?: Sabotage): Model =>
  modelOf('hostile-session', hostileSession, (run) => runSession(run, sabotage).outcome);

/** Both round machines, with their runners' work, timers and restarts. */
export const roundsUnderFaults = (sabotage?: RoundSabotage): Model =>
  modelOf('rounds', faultyRounds, (run) => runRounds(run, sabotage));

/** The same under a coordinator that assigns rounds and opens sessions of its own making. */
export const roundsUnderAttack = (sabotage?: RoundSabotage): Model =>
  modelOf('hostile-rounds', hostileRounds, (run) => runRounds(run, sabotage));
