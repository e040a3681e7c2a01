import { abortsLacking, awaitedAborts } from '../../secagg/aggregator.js';
import { roundMinimum } from '../grouping.js';
import { type Context, type CoordinationState, type CoordinationStep, withEffects } from './state.js';
import { timerName } from './timers.js';
import { abortingSessions, barredParticipants, possibleOrganizations } from './unsettled.js';

/** Whether enough organizations are left without those who may not contribute to this base model. */
export function othersCouldGoOn(state: CoordinationState): boolean {
  return barredParticipants(state).size === 0 || possibleOrganizations(state) >= roundMinimum(state.options.plan);
}

/** Wait for the aborts that free the updates of the last session; a step's time, and then for as long as nobody else could go on. */
export function startSettling(state: CoordinationState, { now }: Context): CoordinationStep {
  const afterMillis = state.options.plan.deadlines.stepMillis;
  return withEffects(
    { ...state, stage: { type: 'settle', deadline: now + afterMillis } },
    { type: 'set-timer', name: timerName.abort(state.round), afterMillis },
  );
}

/** An abort came, or the window is over: go on as soon as somebody can. */
export function considerSettling(state: CoordinationState): CoordinationStep {
  if (state.stage.type !== 'settle' || abortingSessions(state).length > 0) return withEffects(state);
  return withEffects(
    { ...state, stage: { type: 'next' } },
    { type: 'cancel-timer', name: timerName.abort(state.round) },
  );
}

/** The window is over. */
export function endSettling(state: CoordinationState, context: Context): CoordinationStep {
  if (state.stage.type !== 'settle') return withEffects(state);
  const somethingElse = state.ending !== undefined || state.pausing !== undefined;
  return somethingElse || othersCouldGoOn(state)
    ? withEffects({ ...state, stage: { type: 'next' }, settledUntil: state.round })
    : startSettling(state, context);
}

/** Who is awaited, while the last session is being settled. */
export function settlingWait(state: CoordinationState) {
  const [oldest] = abortingSessions(state);
  if (oldest === undefined) return undefined;
  const { round, session } = oldest;
  const then = settlingOutlook(state, abortsLacking(session));
  const of = 'cohort' in session ? session.cohort.length : 0;
  return { round, awaited: awaitedAborts(session), of, then };
}

function settlingOutlook(state: CoordinationState, lacking: number): string {
  if (state.ending !== undefined) return 'the run ends';
  if (state.pausing !== undefined) return 'the run pauses';
  if (othersCouldGoOn(state)) return 'the others go on without those who signed';
  return `the run waits on: ${lacking} more must sign that nothing of the round is opened`;
}
