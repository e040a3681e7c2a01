import { type JournalledSession, restoreAggregator } from '../../secagg/aggregator/restore.js';
import { isLive } from '../../secagg/aggregator/state.js';
import type { AggregatorStep } from '../../secagg/aggregator.js';
import type { CoordinatorMessage } from '../../wire/messages.js';
import { abandonRound } from './outcome.js';
import { startSelection } from './select.js';
import { enterStep, relay } from './session.js';
import {
  type Attempt,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  isConnected,
  withEffects,
} from './state.js';
import { assignment, startTraining } from './train.js';

/**
 * Go on with the round that was under way when the process ended. Deadlines start again, for the time without a coordinator is
 * nobody's fault; whoever connects is told everything of the round once more, and answers with the same bytes.
 */
export function resumeRound(state: CoordinationState, context: Context): CoordinationStep {
  const { stage } = state;
  if (stage.type !== 'stopped') return withEffects(state);
  const attempt = { ...stage.attempt, phaseSince: context.now };
  if (stage.journalled !== undefined) return resumeSession(state, attempt, stage.journalled, context);
  if (attempt.cohort.length > 0) return startTraining(state, attempt, context);
  return startSelection(state, attempt, context);
}

function resumeSession(
  state: CoordinationState,
  attempt: Attempt,
  journalled: JournalledSession,
  context: Context,
): CoordinationStep {
  const restored = restoreAggregator(context.ports, journalled);
  const session = restored.state;
  const told = new Map(journalled.invited.map((to) => [to, messagesTo(state, attempt, restored, to)]));
  const live = isLive(session) ? session.phase : undefined;
  const step = live ?? 'reveal';
  const resumed = { ...attempt, told, phase: step };
  const stage = { type: 'session', attempt: resumed, session, step, deadline: context.now } as const;
  const again = journalled.invited
    .filter((to) => isConnected(state, to))
    .flatMap((to) => told.get(to)!.map((message) => ({ type: 'send', to, message }) as const));
  return chain(withEffects({ ...state, stage }, ...again), (during) => {
    if (live !== undefined) return enterStep(during, live, context.now);
    if (!('abandonment' in session)) return relay(during, restored, context);
    const { step: lost, reason } = session.abandonment;
    return abandonRound(during, lost, reason, context.now);
  });
}

function messagesTo(
  state: CoordinationState,
  attempt: Attempt,
  { state: session }: AggregatorStep,
  participant: string,
): readonly CoordinatorMessage[] {
  const frames = session.sent.get(participant) ?? [];
  const { round } = attempt;
  return [assignment(state, attempt), ...frames.map((frame) => ({ type: 'session', round, frame }) as const)];
}
