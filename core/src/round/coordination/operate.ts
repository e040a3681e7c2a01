import { giveUpGroups } from './groups.js';
import { closeRound, finish } from './outcome.js';
import { resumeRound } from './resume.js';
import {
  attemptOf,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  withEffects,
  withoutPausing,
} from './state.js';
import { timersOf } from './timers.js';
import { restoreUnsettled } from './unsettled.js';

/** Begin the run, or go on where the records of an earlier process end. @param wallMillis milliseconds since 1970. */
export function start(stopped: CoordinationState, wallMillis: number, context: Context): CoordinationStep {
  const approvableUntil = context.now + Date.parse(stopped.options.plan.approval.expires) - wallMillis;
  const { runId, planHash, rosterHash, records } = stopped.options;
  const state = { ...restoreUnsettled(stopped, context), approvableUntil };
  const { stage, modelVersion } = state;
  switch (stage.type) {
    case 'unstarted': {
      const started = { type: 'journal', record: { type: 'run-started', runId, planHash, rosterHash } } as const;
      const effects = records === undefined || records.length === 0 ? [started] : [];
      return withEffects({ ...state, stage: { type: 'next' } }, ...effects);
    }
    case 'stopped': {
      const { ending } = state;
      const resumed = resumeRound(state, context);
      return chain(resumed, (during) =>
        ending === undefined ? leaveSelection(during, context) : endRun(during, ending, context),
      );
    }
    case 'paused': {
      const { ending } = state;
      if (ending !== undefined) return endRun(state, ending, context);
      return withEffects(state, { type: 'report', progress: { type: 'paused', reason: stage.reason } });
    }
    case 'over': {
      const { type: _, ...end } = stage;
      return withEffects(state, { type: 'report', progress: { type: 'finished', ...end, modelVersion } });
    }
    default:
      return withEffects(state);
  }
}

/**
 * The operator pauses the run: the round under way goes on to its end and no other begins. Where members are only awaited, nothing is lost
 * and the pause begins at once.
 */
export function pauseNext(state: CoordinationState, reason: string, context: Context): CoordinationStep {
  const { stage } = state;
  if (stage.type === 'over' || stage.type === 'paused' || isDecided(state)) return withEffects(state);
  const noted = withEffects(
    { ...state, pausing: reason },
    { type: 'journal', record: { type: 'pausing', reason } },
    { type: 'report', progress: { type: 'pausing', reason } },
  );
  return chain(noted, (during) => leaveSelection(during, context));
}

function isDecided({ pausing, ending }: CoordinationState): boolean {
  return pausing !== undefined || ending !== undefined;
}

function leaveSelection(state: CoordinationState, { now }: Context): CoordinationStep {
  if (state.pausing === undefined) return withEffects(state);
  if (state.stage.type === 'buffer' || state.stage.type === 'approve') {
    const quiet = timersOf(state.stage).map((name) => ({ type: 'cancel-timer', name }) as const);
    return withEffects({ ...state, stage: { type: 'next' } }, ...quiet);
  }
  if (state.stage.type !== 'select') return withEffects(state);
  const closed = closeRound(state, { phase: 'select', reason: state.pausing, retry: true, now });
  return chain(closed, (between) => withEffects({ ...between, stage: { type: 'next' } }));
}

/** Leave a pause, or want none any more. */
export function resume(state: CoordinationState): CoordinationStep {
  const resumed = [
    { type: 'journal', record: { type: 'resumed' } },
    { type: 'report', progress: { type: 'resumed' } },
  ] as const;
  if (state.stage.type === 'paused')
    return withEffects({ ...state, shortfalls: 0, stage: { type: 'next' } }, ...resumed);
  return state.pausing === undefined ? withEffects(state) : withEffects(withoutPausing(state), ...resumed);
}

/**
 * The operator ends the run. Whoever uploaded in an open session is asked for an abort, so that its update is free for another run; the
 * run is over when it is certified, after a step's time, or when the operator says so again. In a session that is certified nobody is asked
 * for anything: its members may have revealed. They are barred from its base model for ever, and the run is over at once.
 */
export function abort(state: CoordinationState, said: string, context: Context): CoordinationStep {
  const { stage } = state;
  if (stage.type === 'over') return withEffects(state);
  if (state.ending !== undefined) return finish(state, 'aborted', state.ending);
  const reason = stage.type === 'paused' ? `${said}: ${stage.reason}` : said;
  const ending = withEffects({ ...state, ending: reason }, { type: 'journal', record: { type: 'ending', reason } });
  return chain(ending, (during) => endRun(during, reason, context));
}

function endRun(state: CoordinationState, reason: string, context: Context): CoordinationStep {
  if (state.stage.type === 'over') return withEffects(state);
  const phase = attemptOf(state)?.phase ?? 'select';
  const end = { phase, reason, retry: false, now: context.now };
  const ended = giveUpGroups(state, { reason }, context, (during) => closeRound(during, end));
  return chain(ended, (closed) => withEffects({ ...closed, stage: { type: 'next' } }));
}
