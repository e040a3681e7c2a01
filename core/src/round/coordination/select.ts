import type { RoundKind } from '../../wire/messages.js';
import { roundMinimum } from '../grouping.js';
import { chooseCohort, chosenSize, selectable } from '../selection.js';
import { abandonRound } from './outcome.js';
import {
  type Attempt,
  type BaseModel,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  candidates,
  chain,
  currentModel,
  freshAttempt,
  withEffects,
} from './state.js';
import { timerName } from './timers.js';
import { assignCohort } from './train.js';
import { possibleOrganizations } from './unsettled.js';

/** Begin the next round, of a kind. */
export function startRound(state: CoordinationState, kind: RoundKind, context: Context): CoordinationStep {
  const round = state.round + 1;
  const started = noteRound(state, kind, currentModel(state));
  return chain(started, (during) =>
    startSelection(during, freshAttempt(round, kind, currentModel(state), context.now), context),
  );
}

/** The next round has begun, on this model. */
export function noteRound(state: CoordinationState, kind: RoundKind, base: BaseModel): CoordinationStep {
  const round = state.round + 1;
  const { version: modelVersion, hash: baseModelHash } = base;
  return withEffects(
    { ...state, round },
    { type: 'journal', record: { type: 'round-started', round, kind, modelVersion, baseModelHash } },
  );
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
 * Choose when as many organizations are here as are chosen, or everyone who could come; with enough for the plan's groups wait at most
 * selectMillis for more.
 */
export function considerSelection(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type !== 'select') return withEffects(state);
  const { plan } = state.options;
  const { deadlines } = plan;
  const min = roundMinimum(plan);
  const { attempt, selectDeadline, deadline } = state.stage;
  const here = selectable(candidates(state));
  if (here >= chosenSize(plan) || (here >= min && here >= possibleOrganizations(state))) return choose(state, context);
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
  const size = chosenSize(state.options.plan);
  return assignCohort(
    state,
    chooseCohort({ candidates: candidates(state), size, random: context.ports.random }),
    context,
  );
}
