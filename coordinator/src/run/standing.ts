import { type CoordinationState, type RunWait, waitAt } from '@concordat/core';

/** Where a run stands within a round. */
export interface RunStanding {
  readonly round: number;
  readonly phase: string;
  /** Absent while the coordinator itself works: nobody has to answer then. */
  readonly waiting?: RunWait;
}

/** The round and phase that are under way, and who is awaited in it; undefined between rounds. */
export function standingOf(state: CoordinationState, now: number): RunStanding | undefined {
  const waiting = waitAt(state, now);
  const at = 'attempt' in state.stage ? state.stage.attempt : waiting;
  if (at === undefined) return undefined;
  const { round, phase } = at;
  return { round, phase, ...(waiting === undefined ? {} : { waiting }) };
}

export type RunStateName = (typeof runStateNames)[number];

/** Where a run can be, in one word. */
export const runStateNames = ['running', 'pausing', 'paused', 'over'] as const;

export function stateNameOf({ stage, pausing }: CoordinationState): RunStateName {
  if (stage.type === 'over' || stage.type === 'paused') return stage.type;
  return pausing === undefined ? 'running' : 'pausing';
}
