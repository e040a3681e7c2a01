import type { RoundKind } from '../../wire/messages.js';
import { roundMinimum } from '../grouping.js';
import { chooseCohort, selectable } from '../selection.js';
import { abandonRound } from './outcome.js';
import {
  type Attempt,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  candidates,
  chain,
  freshAttempt,
  withEffects,
} from './state.js';
import { timerName } from './timers.js';
import { assignCohort } from './train.js';
import { possibleOrganizations } from './unsettled.js';

/** Begin the next round, of a kind. */
export function startRound(state: CoordinationState, kind: RoundKind, context: Context): CoordinationStep {
  const round = state.round + 1;
  const { modelVersion, modelHash: baseModelHash } = state;
  const started = withEffects(
    { ...state, round },
    { type: 'journal', record: { type: 'round-started', round, kind, modelVersion, baseModelHash } },
  );
  return chain(started, (during) => startSelection(during, freshAttempt(round, kind, context.now), context));
}

/** Wait for participants, or wait again after a restart: the deadline starts now. */
export function startSelection(state: CoordinationState, attempt: Attempt, context: Context): CoordinationStep {
  const { round } = attempt;
  const { readyMillis } = state.options.plan.deadlines;
  const stage = { type: 'select', attempt, deadline: context.now + readyMillis } as const;
  const started = withEffects(
    { ...state, stage },
    { type: 'set-timer', name: timerName.checkIn(round), afterMillis: readyMillis },
    {
      type: 'report',
      progress: {
        type: 'phase',
        round,
        phase: 'select',
        participants: candidates(state).map((one) => one.participant),
      },
    },
  );
  return chain(started, (during) => considerSelection(during, context));
}

/**
 * Choose when cohort.size organizations are here, or everyone who could come; with enough for the plan's groups wait at most
 * selectMillis for more.
 */
export function considerSelection(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type !== 'select') return withEffects(state);
  const { plan } = state.options;
  const { cohort, deadlines } = plan;
  const min = roundMinimum(plan);
  const { attempt, selectDeadline, deadline } = state.stage;
  const here = selectable(candidates(state));
  if (here >= cohort.size || (here >= min && here >= possibleOrganizations(state))) return choose(state, context);
  const name = timerName.select(attempt.round);
  if (here < min) {
    if (selectDeadline === undefined) return withEffects(state);
    return withEffects({ ...state, stage: { type: 'select', attempt, deadline } }, { type: 'cancel-timer', name });
  }
  if (selectDeadline !== undefined) return withEffects(state);
  const waiting = { ...state.stage, selectDeadline: context.now + deadlines.selectMillis };
  return withEffects({ ...state, stage: waiting }, { type: 'set-timer', name, afterMillis: deadlines.selectMillis });
}

/** selectMillis have passed since there were enough. */
export function endSelection(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type !== 'select') return withEffects(state);
  const enough = selectable(candidates(state)) >= roundMinimum(state.options.plan);
  return enough ? choose(state, context) : withEffects(state);
}

/** readyMillis have passed since the round began. */
export function endSelectionShort(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type !== 'select') return withEffects(state);
  const min = roundMinimum(state.options.plan);
  const here = selectable(candidates(state));
  if (here >= min) return choose(state, context);
  return abandonRound(state, 'select', `${here} participants checked in, ${min} are needed`, context.now);
}

function choose(state: CoordinationState, context: Context): CoordinationStep {
  const { size } = state.options.plan.cohort;
  return assignCohort(
    state,
    chooseCohort({ candidates: candidates(state), size, random: context.ports.random }),
    context,
  );
}
