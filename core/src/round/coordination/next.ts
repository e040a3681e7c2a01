import type { RoundKind } from '../../wire/messages.js';
import { approvalsHold, awaitApprovals } from './approvals.js';
import { startBuffers } from './buffers.js';
import { finish, pause } from './outcome.js';
import { startRound } from './select.js';
import { othersCouldGoOn, startSettling } from './settle.js';
import type { Context, CoordinationState, CoordinationStep } from './state.js';
import { abortingSessions } from './unsettled.js';

/**
 * What follows a round: nothing when the operator ends the run; another one until the plan's models are published; then, where the
 * plan has metrics, one that only measures the last model; then nothing.
 */
export function nextRound(state: CoordinationState, context: Context): CoordinationStep {
  const { modelVersion, options, ending } = state;
  if (ending !== undefined) {
    return mustSettle(state) ? startSettling(state, context) : finish(state, 'aborted', ending);
  }
  if (modelVersion < options.plan.rounds) return startOnBase(state, 'train', context);
  const published = `${modelVersion} models published`;
  if (options.plan.metrics.length === 0) return finish(state, 'completed', published);
  const evaluations = state.history.filter(({ kind }) => kind === 'evaluate');
  const measured = evaluations.find(({ outcome }) => outcome.type === 'evaluated');
  if (measured !== undefined) {
    return finish(state, 'completed', `${published}, the last measured by ${measured.survivors.length} participants`);
  }
  const last = evaluations.at(-1)?.outcome;
  if (last?.type !== 'abandoned' || evaluations.length <= retries(state))
    return startOnBase(state, 'evaluate', context);
  return finish(state, 'completed', `${published}; the last was not measured: ${last.reason}`);
}

/** A round on the current base model, as soon as enough of those who may contribute to it are left; a pause where the operator wants one. */
function startOnBase(state: CoordinationState, kind: RoundKind, context: Context): CoordinationStep {
  if (mustSettle(state)) return startSettling(state, context);
  if (state.pausing !== undefined) return pause(state, state.pausing);
  const canGoOn = othersCouldGoOn(state);
  if (!canGoOn && abortingSessions(state).length > 0) return startSettling(state, context);
  if (!canGoOn) return pause(state, barredReason(state));
  if (!approvalsHold(state)) return awaitApprovals(state, context);
  return kind === 'train' && state.options.plan.mode !== 'sync'
    ? startBuffers(state, context)
    : startRound(state, kind, context);
}

/** Whether aborts are awaited, and have not been for a step's time yet. */
function mustSettle(state: CoordinationState): boolean {
  return abortingSessions(state).length > 0 && state.settledUntil < state.round;
}

/** What barred them is said as well, with the name of whom it is owed to. */
function barredReason({ history }: CoordinationState): string {
  const last = history.at(-1)?.outcome;
  const why = last?.type === 'abandoned' ? `${last.reason}; ` : '';
  return `${why}too few are left who did not sign survivors on this base model in a session that can never be opened; end the run and propose a plan that begins with another model`;
}

function retries({ options }: CoordinationState): number {
  const rule = options.plan.onShortfall;
  return rule.action === 'retry' ? rule.times : 0;
}
