import type { AsyncRules } from '../plan.js';
import { type Candidate, chooseCohort, selectable } from '../selection.js';
import { abandonRound } from './outcome.js';
import { noteRound } from './select.js';
import {
  attemptOf,
  type BaseModel,
  type Context,
  type CoordinationState,
  type CoordinationStep,
  candidates,
  chain,
  currentModel,
  freshAttempt,
  isConnected,
  withEffects,
} from './state.js';
import { timerName, timersOf } from './timers.js';
import { assignCohort } from './train.js';
import { trainMessage, withoutTrainings, withTrainings } from './trainings.js';
import { possibleOrganizations } from './unsettled.js';

/** The updates of one model that wait for a session. */
interface Buffer {
  readonly base: BaseModel;
  /** Ready and connected. */
  readonly ready: readonly Candidate[];
  /** Connected participants that still train from this model. */
  readonly training: number;
  /** Participants that are not connected, and may come back with an update of this model. */
  readonly away: number;
}

/** Wait for updates: the next round is that of the first buffer that is full. */
export function startBuffers(state: CoordinationState, context: Context): CoordinationStep {
  const round = state.round + 1;
  const { readyMillis } = state.options.plan.deadlines;
  const stage = { type: 'buffer', round, deadline: context.now + readyMillis } as const;
  const started = withEffects(
    { ...state, stage },
    { type: 'set-timer', name: timerName.buffer(round), afterMillis: readyMillis },
  );
  const assigned = chain(started, (during) => refreshTrainings(during, context));
  return chain(assigned, (during) => {
    const participants = [...during.trainings.keys()].sort();
    const report = { type: 'report', progress: { type: 'phase', round, phase: 'train', participants } } as const;
    return chain(withEffects(during, report), (after) => considerBuffers(after, context));
  });
}

/**
 * Drop trainings of no use, and have idle participants train from the current model: at most cohort.size at a time, and one of each
 * organization.
 */
export function refreshTrainings(state: CoordinationState, context: Context): CoordinationStep {
  const rules = rulesOf(state);
  if (rules === undefined || !mayTrain(state)) return withEffects(state);
  return chain(
    dropUseless(state, rules, ({ away }) => away === 0),
    (during) => assignTrainings(during, context),
  );
}

/** Open the next round with the oldest buffer that is full, or cannot become fuller and is enough. */
export function considerBuffers(state: CoordinationState, context: Context): CoordinationStep {
  const rules = rulesOf(state);
  if (rules === undefined || state.stage.type !== 'buffer') return withEffects(state);
  const { min } = state.options.plan.cohort;
  const next = buffersOf(state).find(({ base, ready, training }) => {
    const count = selectable(ready);
    if (count >= rules.bufferSize) return true;
    if (count < min || training > 0) return false;
    return isStale(state, base) || count >= possibleOrganizations(state);
  });
  return next === undefined ? withEffects(state) : openRound(state, next, rules, context);
}

/** readyMillis have passed without a round: open the fullest buffer if it is enough, else the round is abandoned. */
export function endBuffers(state: CoordinationState, context: Context): CoordinationStep {
  const rules = rulesOf(state);
  if (rules === undefined) return withEffects(state);
  return chain(
    dropUseless(state, rules, () => true),
    (during) => openFullest(during, rules, context),
  );
}

function openFullest(state: CoordinationState, rules: AsyncRules, context: Context): CoordinationStep {
  const { min } = state.options.plan.cohort;
  const [fullest] = [...buffersOf(state)].sort((a, b) => selectable(b.ready) - selectable(a.ready));
  if (fullest !== undefined && selectable(fullest.ready) >= min) return openRound(state, fullest, rules, context);
  const count = fullest === undefined ? 0 : selectable(fullest.ready);
  const reason = `${count} updates of one model were ready in time, ${min} are needed`;
  return chain(startOn(state, currentModel(state), context), (during) =>
    abandonRound(during, 'train', reason, context.now),
  );
}

/** How many updates the fullest buffer holds. */
export function fullestBuffer(state: CoordinationState): number {
  return Math.max(0, ...buffersOf(state).map(({ ready }) => selectable(ready)));
}

function openRound(state: CoordinationState, buffer: Buffer, rules: AsyncRules, context: Context): CoordinationStep {
  const { base, ready } = buffer;
  const cohort = chooseCohort({ candidates: ready, size: rules.bufferSize, random: context.ports.random });
  const quiet = timersOf(state.stage).map((name) => ({ type: 'cancel-timer', name }) as const);
  const started = chain(withEffects(withoutTrainings(state, cohort), ...quiet), (during) =>
    startOn(during, base, context),
  );
  return chain(started, (during) => assignCohort(during, cohort, context));
}

/** The next round, on this model, without a cohort yet. */
function startOn(state: CoordinationState, base: BaseModel, { now }: Context): CoordinationStep {
  return chain(noteRound(state, 'train', base), (during) => {
    const attempt = { ...freshAttempt(during.round, 'train', base, now), phase: 'train' } as const;
    return withEffects({ ...during, stage: { type: 'select', attempt, deadline: now } });
  });
}

/**
 * Too old; declined of an older model; or too few of an older model, with nobody on the way.
 *
 * @param isOver whether nobody is waited for any more who is not connected.
 */
function dropUseless(
  state: CoordinationState,
  { maxStaleness }: AsyncRules,
  isOver: (buffer: Buffer) => boolean,
): CoordinationStep {
  const { modelVersion, options } = state;
  const hopeless = new Set(
    buffersOf(state)
      .filter((buffer) => isStale(state, buffer.base) && buffer.training === 0 && isOver(buffer))
      .filter(({ ready }) => selectable(ready) < options.plan.cohort.min)
      .map(({ base }) => base.version),
  );
  const over = [...state.trainings].filter(
    ([, { base, course }]) =>
      modelVersion - base.version > maxStaleness ||
      hopeless.has(base.version) ||
      (course === 'declined' && isStale(state, base)),
  );
  if (over.length === 0) return withEffects(state);
  const participants = over.map(([participant]) => participant).sort();
  const told = over.filter(([participant, { course }]) => course !== 'declined' && isConnected(state, participant));
  return withEffects(
    withoutTrainings(state, participants),
    { type: 'journal', record: { type: 'training-over', participants } },
    ...told.map(([to, { round, base }]) => {
      const reason = `too few trained from model ${base.version}, and model ${modelVersion} is current`;
      return { type: 'send', to, message: { type: 'not-chosen', round, reason } } as const;
    }),
  );
}

function assignTrainings(state: CoordinationState, { ports }: Context): CoordinationStep {
  const { roster, plan } = state.options;
  const inRound = new Set(attemptOf(state)?.cohort ?? []);
  const busy = [...state.trainings.keys(), ...inRound].filter((participant) => isConnected(state, participant));
  const organizations = new Set(busy.map((participant) => roster.get(participant)?.organization));
  const idle = candidates(state).filter(
    ({ participant, organization }) =>
      !organizations.has(organization) && !inRound.has(participant) && !state.trainings.has(participant),
  );
  const training = busy.filter((participant) => state.trainings.get(participant)?.course === 'training').length;
  const size = Math.max(0, plan.cohort.size - training);
  const participants = chooseCohort({ candidates: idle, size, random: ports.random });
  if (participants.length === 0) return withEffects(state);
  const round = state.round + 1;
  const message = trainMessage(state, { round, base: currentModel(state) });
  return withEffects(
    withTrainings(state, participants, round),
    { type: 'journal', record: { type: 'training-assigned', round, participants } },
    ...participants.map((to) => ({ type: 'send', to, message }) as const),
  );
}

/** Of every model that somebody trains from, the oldest first. */
function buffersOf(state: CoordinationState): readonly Buffer[] {
  const able = new Map(candidates(state).map((one) => [one.participant, one]));
  const buffers = new Map<number, { base: BaseModel; ready: Candidate[]; training: number; away: number }>();
  for (const [participant, { base, course }] of state.trainings) {
    const buffer = buffers.get(base.version) ?? { base, ready: [], training: 0, away: 0 };
    buffers.set(base.version, buffer);
    const candidate = able.get(participant);
    const person = state.people.get(participant);
    if (course === 'declined' || person?.standing === 'refused') continue;
    if (person?.connected !== true) buffer.away += 1;
    else if (course === 'ready' && candidate !== undefined) buffer.ready.push(candidate);
    // One that came back approves again before it says that it is ready.
    else if (course === 'training') buffer.training += 1;
  }
  return [...buffers.values()].sort((a, b) => a.base.version - b.base.version);
}

/** Trainings go on in every stage of a round, and while one is awaited; not where nothing more will be asked of anybody. */
function mayTrain({ stage, options, modelVersion, ending, pausing }: CoordinationState): boolean {
  if (ending !== undefined || pausing !== undefined || modelVersion >= options.plan.rounds) return false;
  return stage.type === 'buffer' || 'attempt' in stage;
}

function isStale({ modelVersion }: CoordinationState, { version }: BaseModel): boolean {
  return version < modelVersion;
}

function rulesOf({ options }: CoordinationState): AsyncRules | undefined {
  return options.plan.mode === 'sync' ? undefined : options.plan.mode.async;
}
