import { type OwnSession, ownSession } from '../../secagg/check/own-session.js';
import type { ParticipantRecord } from '../../secagg/participant/contract.js';
import { giveVerdict, verdictGiven } from '../../secagg/participant/verdict.js';
import type { ParticipationEvent, ParticipationRecord } from './contract.js';
import { disputed, noMemory, remember, type SessionMemory, type SessionName, sessionOf } from './memory.js';
import { leaveRun } from './offer.js';
import {
  type Context,
  chain,
  note,
  type ParticipationState,
  type ParticipationStep,
  refuse,
  withEffects,
} from './state.js';

/** How far back sessions are looked at: what is older is kept by no coordinator. */
const sessionsMax = 32;

/**
 * Have the sums checked that hold an update of this participant and that it has not spoken about, the newest first; say again what the
 * coordinator did not acknowledge. Nothing waits for it.
 *
 * @param published the round that was just published, with the model that came of it.
 */
export function checkResults(
  state: ParticipationState,
  { ports }: Context,
  published?: SessionName & { readonly modelHash: Uint8Array },
): ParticipationStep {
  const open = openResults(state);
  const checking = new Set([...state.checking, ...open.map(({ session }) => nameOf(session))]);
  const effects = open.map(({ session, own }) => {
    const { runId, round, records } = session;
    const verdict = verdictGiven(ports, records);
    if (verdict !== undefined) return { type: 'tell-verdict', runId, round, sid2: own.sid2, verdict } as const;
    const check = { type: 'check-result', runId, round, own } as const;
    if (published?.runId !== runId || published.round !== round) return check;
    const { modelHash } = published;
    return { ...check, published: { modelHash } };
  });
  return withEffects({ ...state, checking }, ...effects);
}

/** The plan of this run has no aggregate check: nothing of it is asked for. */
export function checkNothingOf(state: ParticipationState, runId: string): ParticipationState {
  const names = openResults(state).flatMap(({ session }) => (session.runId === runId ? [nameOf(session)] : []));
  return { ...state, checking: new Set([...state.checking, ...names]) };
}

/** A sum was computed anew: sign what was found, once and for ever. Whoever finds it wrong contributes no more to that run. */
export function noteChecked(
  state: ParticipationState,
  event: Extract<ParticipationEvent, { type: 'result-checked' }>,
  context: Context,
): ParticipationStep {
  const { runId, round, finding } = event;
  const session = sessionOf(state.memory, event);
  // So old that it is not remembered whether a verdict was signed: no second one.
  if (session === undefined || ownSession(session.records) === undefined)
    return withEffects(noLongerChecking(state, event));
  const { verdict, record } = giveVerdict(context.ports, session.records, finding);
  const noted = record === undefined ? withEffects(state) : note(state, { type: 'session', runId, round, record });
  const { sid2 } = finding;
  if (finding.type === 'right') {
    return chain(noted, (after) =>
      withEffects(
        after,
        { type: 'tell-verdict', runId, round, sid2, verdict },
        { type: 'report', progress: { type: 'verified', runId, round, resultHash: finding.resultHash } },
      ),
    );
  }
  return chain(
    chain(noted, (after) => refuse(after, event.error ?? disputed({ runId, round }), { runId, round })),
    (after) =>
      chain(leaveRun(after, context), (left) =>
        withEffects(left, {
          type: 'tell-verdict',
          runId,
          round,
          sid2,
          verdict,
          ...(event.error === undefined ? {} : { error: event.error }),
        }),
      ),
  );
}

/** The coordinator holds the verdict, or keeps nothing to check any more: this session is not spoken of again. */
export function settleResult(state: ParticipationState, name: SessionName): ParticipationStep {
  const { runId, round } = name;
  const after = noLongerChecking(state, name);
  const session = sessionOf(state.memory, name);
  const own = session === undefined ? undefined : ownSession(session.records);
  if (own === undefined) return withEffects(after);
  return note(after, { type: 'session', runId, round, record: { type: 'result-settled', sid2: own.sid2 } });
}

/** It could not be checked or told now: it is tried again with the next connection or the next model. */
export function noLongerChecking(state: ParticipationState, name: SessionName): ParticipationState {
  const checking = new Set(state.checking);
  checking.delete(nameOf(name));
  return { ...state, checking };
}

interface OpenResult {
  readonly session: SessionMemory;
  readonly own: OwnSession;
}

/** Sessions that are over here, may hold an update of this participant in their sum, and are not settled; newest first. */
function openResults({ memory, checking }: ParticipationState): readonly OpenResult[] {
  return memory.sessions
    .slice(-sessionsMax)
    .reverse()
    .flatMap((session): readonly OpenResult[] => {
      if (!session.left || !session.contributed || checking.has(nameOf(session))) return [];
      const own = has(session, 'result-settled') ? undefined : ownSession(session.records);
      return own === undefined ? [] : [{ session, own }];
    });
}

function has({ records }: SessionMemory, type: ParticipantRecord['type']): boolean {
  return records.some((record) => record.type === type);
}

function nameOf({ runId, round }: SessionName): string {
  return `${runId}/${round}`;
}

/** A session of which there is a sum to check, as a journal tells it. */
export interface CheckableSession extends SessionName {
  readonly own: OwnSession;
  /** Of its machine, oldest first. */
  readonly records: readonly ParticipantRecord[];
  /** The coordinator has the verdict, or keeps nothing any more. */
  readonly settled: boolean;
}

/** Every session of a journal whose sum may hold an update of this participant, newest first. */
export function checkableSessions(records: readonly ParticipationRecord[]): readonly CheckableSession[] {
  const { sessions } = records.reduce(remember, noMemory);
  return [...sessions].reverse().flatMap((session): readonly CheckableSession[] => {
    const { runId, round, contributed } = session;
    const own = contributed ? ownSession(session.records) : undefined;
    if (own === undefined) return [];
    return [{ runId, round, own, records: session.records, settled: has(session, 'result-settled') }];
  });
}
