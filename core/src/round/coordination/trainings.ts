import { equalBytes } from '../../bytes.js';
import type { CoordinatorMessage } from '../../wire/messages.js';
import { considerBuffers } from './buffers.js';
import {
  attemptOf,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  chain,
  currentModel,
  type Training,
  withEffects,
} from './state.js';

/** These train from the current model, as for the round of this number. */
export function withTrainings(
  state: CoordinationState,
  participants: readonly string[],
  round: number,
): CoordinationState {
  const trainings = new Map(state.trainings);
  for (const participant of participants)
    trainings.set(participant, { round, base: currentModel(state), course: 'training' });
  return { ...state, trainings };
}

/** What these train is no training of the run any more. */
export function withoutTrainings(state: CoordinationState, participants: readonly string[]): CoordinationState {
  const trainings = new Map(state.trainings);
  for (const participant of participants) trainings.delete(participant);
  return { ...state, trainings };
}

/** A client that comes back says again that it is ready, and may have a reason less to decline. */
export function comeBack(state: CoordinationState, participant: string): CoordinationState {
  const training = state.trainings.get(participant);
  if (training === undefined || training.course === 'training') return state;
  return training.course === 'declined'
    ? withoutTrainings(state, [participant])
    : withCourse(state, participant, { ...training, course: 'training' });
}

/** What a participant was told to train, for its reconnection. */
export function trainingMessages(state: CoordinationState, participant: string): readonly CoordinatorMessage[] {
  const training = state.trainings.get(participant);
  return training === undefined ? [] : [trainMessage(state, training)];
}

/** What a participant is told to train from, and how long it is at least waited for. */
export function trainMessage(
  { options }: CoordinationState,
  { round, base }: Pick<Training, 'round' | 'base'>,
): CoordinatorMessage {
  const { version: modelVersion, hash: baseModelHash } = base;
  const { readyMillis } = options.plan.deadlines;
  return { type: 'train', round, kind: 'train', modelVersion, baseModelHash, readyMillis };
}

/** The training that a participant was told under this number and has not declined. */
export function trainingOf(state: CoordinationState, participant: string, round: number): Training | undefined {
  const training = state.trainings.get(participant);
  const inRound = attemptOf(state)?.round === round && attemptOf(state)?.cohort.includes(participant);
  return training?.round === round && training.course !== 'declined' && !inRound ? training : undefined;
}

/** The training that a participant says is done. */
export function trainingFor(
  state: CoordinationState,
  from: string,
  { round, baseModelHash }: { readonly round: number; readonly baseModelHash: Uint8Array },
): Training | undefined {
  const training = trainingOf(state, from, round);
  return training !== undefined && equalBytes(training.base.hash, baseModelHash) ? training : undefined;
}

/** An update is ready for the next session on its model. Repeated, it is acknowledged again. */
export function noteTrained(
  state: CoordinationState,
  participant: string,
  training: Training,
  context: Context,
): CoordinationStep {
  const { round, base } = training;
  const acknowledged = acknowledge(state, { participant, round, base: base.hash }, context);
  if (training.course === 'ready') return acknowledged;
  const report = { type: 'report', progress: { type: 'answered', round, phase: 'train', participant } } as const;
  const noted = withCourse(state, participant, { ...training, course: 'ready' });
  return chain({ state: noted, effects: [...acknowledged.effects, report] }, (during) =>
    considerBuffers(during, context),
  );
}

/** A participant will not train from this model. */
export function declineTraining(
  state: CoordinationState,
  participant: string,
  training: Training,
  context: Context,
): CoordinationStep {
  return considerBuffers(withCourse(state, participant, { ...training, course: 'declined' }), context);
}

/** Receipt the word that an update is ready: it names the model, whatever the round. */
export function acknowledge(
  state: CoordinationState,
  { participant, round, base }: { readonly participant: string; readonly round: number; readonly base: Uint8Array },
  { ports }: Context,
): CoordinationStep {
  const contentDigest = ports.crypto.sha256(base);
  return withEffects(state, { type: 'accepted', participant, round, step: 'ready', contentDigest });
}

function withCourse(state: CoordinationState, participant: string, training: Training): CoordinationState {
  return { ...state, trainings: new Map(state.trainings).set(participant, training) };
}
