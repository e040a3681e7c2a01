import type { FederatedError } from '../../errors.js';
import type { ParticipantState as SessionState } from '../../secagg/participant.js';
import { bounds } from '../../wire/bounds.js';
import type { CoordinatorMessage, ParticipantMessage, RoundKind, SessionFrame } from '../../wire/messages.js';
import type {
  ApprovedRun,
  ParticipationEffect,
  ParticipationOptions,
  ParticipationPorts,
  ParticipationRecord,
} from './contract.js';
import { type Memory, noMemory, remember } from './memory.js';

/** What a participant stands to a run. */
export type Standing =
  | { readonly type: 'none' }
  /** `pending`: messages that came before the policy's answer. */
  | {
      readonly type: 'considering';
      readonly runId: string;
      readonly planHash: Uint8Array;
      readonly rosterHash: Uint8Array;
      readonly pending: readonly CoordinatorMessage[];
    }
  | { readonly type: 'approved'; readonly run: ApprovedRun };

interface InRound {
  readonly round: number;
  readonly kind: RoundKind;
  readonly baseModelHash: Uint8Array;
}

/** What it does in the round under way. */
export type Work =
  | { readonly type: 'idle' }
  | ({ readonly type: 'training' } & InRound)
  | ({ readonly type: 'preparing'; readonly metrics: boolean } & InRound)
  | ({ readonly type: 'ready' } & InRound)
  /** The root of a session is made, or opened again after a restart; `frames` are taken when it is there. */
  | ({ readonly type: 'sealing' | 'resuming'; readonly frames: readonly SessionFrame[] } & InRound)
  | ({ readonly type: 'session'; readonly session: SessionState } & InRound);

/** Work in a session: from its first frame, or its resumption, on. */
export type InSession = Extract<Work, { readonly type: 'sealing' | 'resuming' | 'session' }>;

/** One participant's place in the runs of a coordinator, one run at a time. Immutable data. */
export interface ParticipationState {
  readonly options: ParticipationOptions;
  readonly memory: Memory;
  readonly standing: Standing;
  readonly work: Work;
  /**
   * The prepared update in hand. Without `bound` it is good for another round on the same base model; else it belongs to the session of
   * that round, and is free again when no sum of that session can hold it.
   */
  readonly held?: {
    readonly kind: RoundKind;
    readonly baseModelHash: Uint8Array;
    readonly metrics: boolean;
    readonly bound?: number;
  };
  /** Timers of sessions that an earlier process left behind. */
  readonly expiring: ReadonlySet<string>;
  /** `run/round` of sums that are being checked, or whose verdict is on its way. */
  readonly checking: ReadonlySet<string>;
}

export interface ParticipationStep {
  readonly state: ParticipationState;
  readonly effects: readonly ParticipationEffect[];
}

/** What every function of the machine is given beside the state. */
export interface Context {
  readonly ports: ParticipationPorts;
  readonly now: number;
}

/** A participant as its journal proves it. */
export function freshState({ records = [], ...options }: ParticipationOptions): ParticipationState {
  const memory = records.reduce(remember, noMemory);
  return {
    options,
    memory,
    standing: { type: 'none' },
    work: { type: 'idle' },
    expiring: new Set(),
    checking: new Set(),
  };
}

/** A step that only adds effects. */
export function withEffects(state: ParticipationState, ...effects: readonly ParticipationEffect[]): ParticipationStep {
  return { state, effects };
}

/** Do `next` after `step`; effects of both, in order. */
export function chain(
  step: ParticipationStep,
  next: (state: ParticipationState) => ParticipationStep,
): ParticipationStep {
  const after = next(step.state);
  return { state: after.state, effects: [...step.effects, ...after.effects] };
}

/** Journal a record and remember it. */
export function note(state: ParticipationState, record: ParticipationRecord): ParticipationStep {
  return withEffects({ ...state, memory: remember(state.memory, record) }, { type: 'journal', record });
}

/** Whether an update is being made. */
export function isTraining(work: Work): work is Extract<Work, { readonly type: 'training' | 'preparing' }> {
  return work.type === 'training' || work.type === 'preparing';
}

/** Whether a session has begun for us. */
export function inSession(work: Work): work is InSession {
  return work.type === 'sealing' || work.type === 'resuming' || work.type === 'session';
}

/** The approved run, if there is one. */
export function runOf(state: ParticipationState): ApprovedRun | undefined {
  return state.standing.type === 'approved' ? state.standing.run : undefined;
}

/** The run that is considered or approved. */
export function runIdOf({ standing }: ParticipationState): string | undefined {
  if (standing.type === 'none') return undefined;
  return standing.type === 'approved' ? standing.run.runId : standing.runId;
}

/** The update is gone: used, stale, or not wanted. */
export function discardUpdate(state: ParticipationState): ParticipationStep {
  const { held: _, ...rest } = state;
  return withEffects(rest, { type: 'discard-update' });
}

/**
 * Refuse: journal, tell the runner, and tell the coordinator that nothing more will come.
 *
 * @param step what was refused. @param options.quote false: the coordinator hears code and rule, but not the sentence, which may
 *   speak of local data.
 */
export function decline(
  state: ParticipationState,
  step: string,
  error: FederatedError,
  options: { readonly runId: string; readonly round: number; readonly quote: boolean },
): ParticipationStep {
  return chain(refuse(state, error, options), (refused) =>
    withEffects(refused, { type: 'send', message: declineOf(step, error, options) }),
  );
}

/** What the coordinator is told when something was refused: code, rule and step, and the sentence only with `quote`. */
export function declineOf(
  step: string,
  error: FederatedError,
  { round, quote }: { readonly round: number; readonly quote: boolean },
): Extract<ParticipantMessage, { type: 'decline' }> {
  const message = (quote ? error.message : 'the participant cannot contribute').slice(0, bounds.textCharactersMax);
  return { type: 'decline', round, step, code: error.code, rule: ruleOf(error), message };
}

/** Refuse: journal it and tell the runner, nobody else. */
export function refuse(
  state: ParticipationState,
  error: FederatedError,
  { runId, round }: { readonly runId: string; readonly round: number },
): ParticipationStep {
  const { code, message } = error;
  const record = { type: 'refused', runId, round, code, rule: ruleOf(error), message } as const;
  return chain(note(state, record), (noted) => withEffects(noted, { type: 'refuse', round, error }));
}

function ruleOf({ code, detail }: FederatedError): string {
  return typeof detail.rule === 'string' ? detail.rule : code;
}
