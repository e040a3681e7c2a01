import { fromBase64url } from '../../bytes.js';
import type { SessionStep, SumOrder } from '../../secagg/aggregator/contract.js';
import type { JournalledSession } from '../../secagg/aggregator/restore.js';
import type { AggregatorState } from '../../secagg/aggregator.js';
import type { MeanMetric } from '../../update/decode.js';
import type { CoordinatorMessage, RoundKind } from '../../wire/messages.js';
import type { PlanWord } from '../approval-rule.js';
import type { Candidate } from '../selection.js';
import type {
  CoordinationEffect,
  CoordinationOptions,
  CoordinationPorts,
  RoundDropout,
  RoundPhase,
  RoundRecord,
  RunEndRule,
  RunOutcome,
} from './contract.js';
import { barredParticipants, type Unsettled } from './unsettled.js';
import type { SaidWait } from './waiting.js';

/** A roster member that has been seen. */
export interface Person {
  readonly connected: boolean;
  readonly standing: 'offered' | 'approved' | 'refused';
}

/** A published model, or the one the run began with (version 0). */
export interface BaseModel {
  readonly version: number;
  readonly hash: Uint8Array;
}

/** One participant's training in an asynchronous run, until its update goes into a round or is of no use. */
export interface Training {
  /** As it was told: the number that the next round had then. The round that takes the update may be a later one. */
  readonly round: number;
  readonly base: BaseModel;
  /** `declined`: it is not asked again before there is another model, or it comes back. */
  readonly course: 'training' | 'ready' | 'declined';
}

/** A round that is under way. */
export interface Attempt {
  readonly round: number;
  readonly kind: RoundKind;
  /** What its updates are trained from. In an asynchronous run the current model may be a later one. */
  readonly base: BaseModel;
  readonly cohort: readonly string[];
  readonly dropped: readonly RoundDropout[];
  readonly survivors: readonly string[];
  readonly recovered: readonly string[];
  readonly metrics: readonly MeanMetric[];
  /** Clipped lanes of the opened sum, where there is a rotation. */
  readonly excess?: number;
  readonly phase: RoundPhase;
  readonly phaseSince: number;
  readonly millis: Readonly<Partial<Record<RoundPhase, number>>>;
  /** Bytes of each masked vector so far. */
  readonly uploads: ReadonlyMap<string, { readonly bytesReceived: number; readonly bytesExpected: number }>;
  /** What each member of the cohort was told in this round: told again when it reconnects. */
  readonly told: ReadonlyMap<string, readonly CoordinatorMessage[]>;
}

/** One secure group of a round, with a session of its own. A round has one, unless more are ready than one session holds. */
export type Group = {
  /** Its place among the groups of the round, from 0. */
  readonly index: number;
  /** Who was invited to its session, sorted. */
  readonly members: readonly string[];
} & (
  | {
      readonly course: 'running';
      readonly session: AggregatorState;
      readonly step: SessionStep;
      readonly deadline: number;
    }
  /** Its sum can be computed; the session still acknowledges what is repeated. */
  | { readonly course: 'opened'; readonly session: AggregatorState; readonly sum: SumOrder }
  /** Its opened sum is of no use. */
  | { readonly course: 'spoiled'; readonly session: AggregatorState; readonly reason: string }
  /** Given up while others go on: its session is with the unsettled ones, if an update may be bound to it. */
  | { readonly course: 'failed'; readonly phase: RoundPhase; readonly reason: string }
);

/** A session of an earlier process, and which group's it was. */
export interface JournalledGroup {
  readonly group: number;
  readonly journalled: JournalledSession;
}

/** Where a run stands. Deadlines are instants of the runner's monotonic clock. */
export type Stage =
  | { readonly type: 'unstarted' }
  /** Replayed: this round was under way when the process ended. `start` goes on with it. */
  | { readonly type: 'stopped'; readonly attempt: Attempt; readonly journalled: readonly JournalledGroup[] }
  /** The first round waits for the approvals that the plan asks for. */
  | { readonly type: 'approve'; readonly deadline: number }
  | { readonly type: 'select'; readonly attempt: Attempt; readonly deadline: number; readonly selectDeadline?: number }
  | {
      readonly type: 'train';
      readonly attempt: Attempt;
      readonly ready: readonly string[];
      readonly deadline: number;
      readonly graceDeadline?: number;
      readonly graceOver: boolean;
    }
  /** Asynchronous: participants train, and the next round is that of the first buffer that is full. */
  | { readonly type: 'buffer'; readonly round: number; readonly deadline: number }
  /** At least one group is running. */
  | { readonly type: 'session'; readonly attempt: Attempt; readonly groups: readonly Group[] }
  /** No group is running any more, and enough are open. */
  | { readonly type: 'aggregate'; readonly attempt: Attempt; readonly groups: readonly Group[] }
  | { readonly type: 'publish'; readonly attempt: Attempt; readonly groups: readonly Group[] }
  /** Members of an abandoned session are asked for aborts before the next round. */
  | { readonly type: 'settle'; readonly deadline: number }
  /** A round has ended and the next one begins in the same step. */
  | { readonly type: 'next' }
  | { readonly type: 'paused'; readonly reason: string }
  | { readonly type: 'over'; readonly outcome: RunOutcome; readonly reason: string; readonly rule?: RunEndRule };

/** One run at the coordinator. Immutable data; read it only through the functions of coordination.ts. */
export interface CoordinationState {
  readonly options: CoordinationOptions;
  readonly stage: Stage;
  readonly people: ReadonlyMap<string, Person>;
  /** The last word of each participant on the plan, also of those who are away. */
  readonly words: ReadonlyMap<string, PlanWord>;
  /** Instant from which on the plan can no longer be approved. */
  readonly approvableUntil: number;
  /** Models published. */
  readonly modelVersion: number;
  readonly modelHash: Uint8Array;
  /** The last round that was started. */
  readonly round: number;
  /** Rounds abandoned since the last publication. */
  readonly shortfalls: number;
  readonly history: readonly RoundRecord[];
  /** By participant; of an asynchronous run, else empty. */
  readonly trainings: ReadonlyMap<string, Training>;
  /** Abandoned sessions on the current base model, oldest first. */
  readonly unsettled: readonly Unsettled[];
  /** The same of an earlier process, until `start` restores them. */
  readonly journalled: readonly (JournalledGroup & { readonly round: number })[];
  /** Why the operator wants a pause before the next round. */
  readonly pausing?: string;
  /** Why the operator ends the run, once that is decided. */
  readonly ending?: string;
  /** The round after which aborts were waited for long enough. */
  readonly settledUntil: number;
  /** The sessions of the last published round, until the next ones open: late answers in them are still acknowledged. */
  readonly published?: { readonly round: number; readonly groups: readonly Group[] };
  /** The wait that everybody who is to hear of it was told last. */
  readonly said?: SaidWait;
}

export interface CoordinationStep {
  readonly state: CoordinationState;
  readonly effects: readonly CoordinationEffect[];
}

/** What every function of the machine is given beside the state. */
export interface Context {
  readonly ports: CoordinationPorts;
  readonly now: number;
}

/** The state of a run before its first event. */
export function freshState(options: CoordinationOptions): CoordinationState {
  return {
    options,
    stage: { type: 'unstarted' },
    people: new Map(),
    words: new Map(),
    approvableUntil: 0,
    modelVersion: 0,
    modelHash: fromBase64url(options.plan.task.model.weightsDigest),
    round: 0,
    shortfalls: 0,
    history: [],
    trainings: new Map(),
    unsettled: [],
    journalled: [],
    settledUntil: 0,
  };
}

/** The same state, in which nobody wants a pause. */
export function withoutPausing({ pausing: _, ...state }: CoordinationState): CoordinationState {
  return state;
}

/** A step that only adds effects. */
export function withEffects(state: CoordinationState, ...effects: readonly CoordinationEffect[]): CoordinationStep {
  return { state, effects };
}

/** Do `next` after `step`; effects of both, in order. */
export function chain(step: CoordinationStep, next: (state: CoordinationState) => CoordinationStep): CoordinationStep {
  const after = next(step.state);
  return { state: after.state, effects: [...step.effects, ...after.effects] };
}

/** Connected roster members that approved and may contribute to the current base model. */
export function candidates(state: CoordinationState): Candidate[] {
  const found: Candidate[] = [];
  const barred = barredParticipants(state);
  for (const [participant, entry] of state.options.roster) {
    const person = state.people.get(participant);
    if (person?.connected && person.standing === 'approved' && !barred.has(participant))
      found.push({ participant, organization: entry.organization });
  }
  return found;
}

/** The model that was published last. */
export function currentModel({ modelVersion: version, modelHash: hash }: CoordinationState): BaseModel {
  return { version, hash };
}

export function isConnected(state: CoordinationState, participant: string): boolean {
  return state.people.get(participant)?.connected ?? false;
}

/** A round in its first phase. */
export function freshAttempt(round: number, kind: RoundKind, base: BaseModel, now: number): Attempt {
  return {
    round,
    kind,
    base,
    cohort: [],
    dropped: [],
    survivors: [],
    recovered: [],
    metrics: [],
    phase: 'select',
    phaseSince: now,
    millis: {},
    uploads: new Map(),
    told: new Map(),
  };
}

/** Close the clock of the current phase and start the next one's. */
export function enterPhase(attempt: Attempt, phase: RoundPhase, now: number): Attempt {
  const spent = (attempt.millis[attempt.phase] ?? 0) + now - attempt.phaseSince;
  return { ...attempt, phase, phaseSince: now, millis: { ...attempt.millis, [attempt.phase]: spent } };
}

/** The round under way, if there is one. */
export function attemptOf(state: CoordinationState): Attempt | undefined {
  return 'attempt' in state.stage ? state.stage.attempt : undefined;
}

/** The same stage with another attempt. */
export function withAttempt(state: CoordinationState, attempt: Attempt): CoordinationState {
  return 'attempt' in state.stage ? { ...state, stage: { ...state.stage, attempt } } : state;
}

/** The groups of the round under way; none before its session. */
export function groupsOf(state: CoordinationState): readonly Group[] {
  return 'groups' in state.stage ? state.stage.groups : [];
}

/** The same stage with another state of one group. */
export function withGroup(state: CoordinationState, group: Group): CoordinationState {
  if (!('groups' in state.stage)) return state;
  const groups = state.stage.groups.map((other) => (other.index === group.index ? group : other));
  return { ...state, stage: { ...state.stage, groups } };
}

/** Send to members of the cohort and remember it for a reconnection. A whole cohort is told in one copy of what everyone was told before. */
export function tell(
  state: CoordinationState,
  messages: readonly { readonly to: string; readonly message: CoordinatorMessage }[],
): CoordinationStep {
  const attempt = attemptOf(state);
  const sent = messages.map(({ to, message }) => ({ type: 'send', to, message }) as const);
  if (attempt === undefined) return withEffects(state, ...sent);
  const told = new Map(attempt.told);
  for (const { to, message } of messages) told.set(to, [...(told.get(to) ?? []), message]);
  return withEffects(withAttempt(state, { ...attempt, told }), ...sent);
}
