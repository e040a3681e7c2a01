import { equalBytes, toHex } from '../../bytes.js';
import { type FederatedError, refusal } from '../../errors.js';
import type { ParticipantRecord } from '../../secagg/participant/contract.js';
import type { RoundKind } from '../../wire/messages.js';
import type { ParticipationRecord } from './contract.js';

/** Names one session: a run has at most one in each round. */
export interface SessionName {
  readonly runId: string;
  readonly round: number;
}

/** What the journal holds of one session. */
export interface SessionMemory extends SessionName {
  /** What an evaluation tells is bounded by its metrics: they are filled once, whoever else is in the sum. */
  readonly kind: RoundKind;
  readonly baseModelHash: Uint8Array;
  /** Of its machine, oldest first: they fill its slots again after a restart. */
  readonly records: readonly ParticipantRecord[];
  /** An update was bound to it. */
  readonly contributed: boolean;
  /** The metric lanes of that update may be filled. */
  readonly metrics: boolean;
  /** Its survivors were signed. */
  readonly signed: boolean;
  /** Never gone on with: its secrets are destroyed. */
  readonly left: boolean;
}

/** What may never happen twice, rebuilt from the journal. */
export interface Memory {
  /** In the order they were entered. */
  readonly sessions: readonly SessionMemory[];
  /** Of a journal that was lost: what receipts prove, and everything it may have led to. */
  readonly recovered: {
    /** runId → last round. */
    readonly rounds: ReadonlyMap<string, number>;
    /** Base models (hex) that count as signed. */
    readonly signed: ReadonlySet<string>;
    /** `runId/base model` whose metrics count as sent. */
    readonly metrics: ReadonlySet<string>;
  };
}

export const noMemory: Memory = {
  sessions: [],
  recovered: { rounds: new Map(), signed: new Set(), metrics: new Set() },
};

/** The memory after a record. */
export function remember(memory: Memory, record: ParticipationRecord): Memory {
  switch (record.type) {
    case 'session-entered': {
      const { kind } = record;
      return change(memory, record, record.baseModelHash, (session) => ({ ...session, kind }));
    }
    case 'session':
      return change(memory, record, undefined, (session) => ({
        ...session,
        records: [...session.records, record.record],
      }));
    case 'contributed': {
      const { metrics } = record;
      return change(memory, record, record.baseModelHash, (session) => ({ ...session, contributed: true, metrics }));
    }
    case 'base-signed':
      return change(memory, record, record.baseModelHash, (session) => ({ ...session, signed: true }));
    case 'session-left':
      return change(memory, record, undefined, (session) => ({ ...session, left: true }));
    case 'recovered':
      return takeMaximum(memory, record);
    case 'approved':
    case 'refused':
      return memory;
  }
}

/** Of a lost journal everything that may have happened counts as done. No session is gone on with. */
function takeMaximum(
  { sessions, recovered }: Memory,
  { rounds, bases }: Extract<ParticipationRecord, { readonly type: 'recovered' }>,
): Memory {
  const last = new Map(recovered.rounds);
  for (const { runId, round } of rounds) last.set(runId, Math.max(last.get(runId) ?? 0, round));
  const signed = new Set(recovered.signed);
  const metrics = new Set(recovered.metrics);
  for (const { runId, baseModelHash } of bases) {
    signed.add(toHex(baseModelHash));
    metrics.add(`${runId}/${toHex(baseModelHash)}`);
  }
  return {
    sessions: sessions.map((session) => ({ ...session, left: true })),
    recovered: { rounds: last, signed, metrics },
  };
}

/** @param base of a session that is not known yet; a record that does not name it makes none. */
function change(
  memory: Memory,
  name: SessionName,
  base: Uint8Array | undefined,
  update: (session: SessionMemory) => SessionMemory,
): Memory {
  const { sessions } = memory;
  const at = placeOf(sessions, name);
  const known = sessions[at];
  if (known !== undefined) {
    const changed = [...sessions];
    changed[at] = update(known);
    return { ...memory, sessions: changed };
  }
  if (base === undefined) return memory;
  const { runId, round } = name;
  const fresh = { runId, round, kind: 'train', baseModelHash: base, records: [] } as const;
  const nothing = { contributed: false, metrics: false, signed: false, left: false } as const;
  return { ...memory, sessions: [...withoutDetails(sessions), update({ ...fresh, ...nothing })] };
}

/** So many sessions are remembered in full; of an older one that was left, what may still bar or free something. */
const sessionsInFull = 64;
const lasting: readonly ParticipantRecord['type'][] = ['revealed', 'abort-certified', 'disputed'];

/** A client takes part in one round after another for months: a session that nobody speaks of any more is some hundred bytes. */
function withoutDetails(sessions: readonly SessionMemory[]): readonly SessionMemory[] {
  const at = sessions.length - sessionsInFull;
  const old = sessions[at];
  if (old === undefined || !old.left) return sessions;
  const shorter = [...sessions];
  shorter[at] = { ...old, records: old.records.filter(({ type }) => lasting.includes(type)) };
  return shorter;
}

/** What is remembered of a session; undefined when it was never entered. */
export function sessionOf({ sessions }: Memory, name: SessionName): SessionMemory | undefined {
  return sessions[placeOf(sessions, name)];
}

/** From the end: what is asked for is mostly the last session, however many rounds a journal holds. */
function placeOf(sessions: readonly SessionMemory[], { runId, round }: SessionName): number {
  let at = sessions.length - 1;
  while (at >= 0 && (sessions[at]!.runId !== runId || sessions[at]!.round !== round)) at -= 1;
  return at;
}

/** Sessions that were entered and not left: their secrets may still be on disk. Oldest first. */
export function openSessions({ sessions }: Memory): readonly SessionMemory[] {
  return sessions.filter(({ left }) => !left);
}

/** The last round of a run whose session was entered; 0 when none was. */
export function lastEntered({ sessions, recovered }: Memory, runId: string): number {
  return sessions.reduce(
    (last, session) => (session.runId === runId ? Math.max(last, session.round) : last),
    recovered.rounds.get(runId) ?? 0,
  );
}

/** Whether its machine can be opened again: after an abort, or without secrets, there is nothing to go on with. */
export function isResumable({ left, records }: SessionMemory): boolean {
  return !left && !records.some(({ type }) => endings.includes(type));
}

const endings: readonly ParticipantRecord['type'][] = ['abort-signed', 'abort-certified', 'ended'];

/** A members signed abort: no sum of this session can ever be opened. */
function isAborted({ records }: SessionMemory): boolean {
  return records.some(({ type }) => type === 'abort-certified');
}

/**
 * Whether what was bound to it is free again: it is aborted, or the one certificate there can be leaves this participant out. In
 * either case its update is in no sum of that session, ever.
 */
function isFree(session: SessionMemory): boolean {
  return isAborted(session) || session.records.some((record) => record.type === 'revealed' && !record.included);
}

/** Whether metrics of this base model may be sent: in one sum at most for each run and model, or two would differ by one participant. */
export function mayMeasure({ sessions, recovered }: Memory, runId: string, baseModelHash: Uint8Array): boolean {
  if (recovered.metrics.has(`${runId}/${toHex(baseModelHash)}`)) return false;
  return !onBase(sessions, baseModelHash).some(
    (session) => session.runId === runId && session.metrics && !isFree(session),
  );
}

/** Why no further update may be contributed on this base model; undefined when one may. */
export function barred(
  { sessions, recovered }: Memory,
  baseModelHash: Uint8Array,
  contributionsPerBase: number,
): FederatedError | undefined {
  const base = toHex(baseModelHash);
  const earlier = onBase(sessions, baseModelHash).filter(({ kind }) => kind === 'train');
  if (recovered.signed.has(base) || earlier.some((session) => session.signed && !isAborted(session))) {
    return refusal(
      'base.signed',
      'survivors were signed for this base model: a second sum on it could be compared with the first',
      {
        required: 'another base model',
        offered: base,
        fix: 'Wait until that session is aborted, let the run go on with the others, or approve a new plan.',
      },
    );
  }
  const contributions = earlier.filter((session) => session.contributed && !isFree(session)).length;
  if (contributions < contributionsPerBase) return undefined;
  return refusal('base.contributions', 'this base model has been contributed to as often as the policy allows', {
    required: contributionsPerBase,
    offered: contributions + 1,
    fix: 'Raise contributionsPerBase in the policy, or wait for the next model.',
  });
}

/** Why nothing more is contributed to a run: this participant disputed one of its sums. Undefined when it did not. */
export function disputeOf({ sessions }: Memory, runId: string): FederatedError | undefined {
  const found = sessions.find(
    (session) => session.runId === runId && session.records.some(({ type }) => type === 'disputed'),
  );
  return found === undefined ? undefined : disputed(found);
}

/** The refusal of whoever disputed the sum of a round. */
export function disputed({ runId, round }: SessionName): FederatedError {
  return refusal('result.disputed', `this participant disputed the sum of round ${round} of run ${runId}`, {
    required: 'a run without a disputed sum',
    offered: runId,
  });
}

function onBase(sessions: readonly SessionMemory[], baseModelHash: Uint8Array): readonly SessionMemory[] {
  return sessions.filter((session) => equalBytes(session.baseModelHash, baseModelHash));
}
