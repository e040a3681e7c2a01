import {
  type CheckableSession,
  type CryptoPort,
  checkableSessions,
  decodePlan,
  FederatedError,
  giveVerdict,
  type Kernels,
  type ParticipationRecord,
  type Plan,
  type Random,
  type Signer,
  toHex,
  type VerdictKind,
  verdictGiven,
} from '@concordat/core';
import {
  type Clock,
  chooseKernels,
  type DirectoryLock,
  type KernelChoice,
  lockDirectory,
  nodeCrypto,
  systemClock,
  systemRandom,
  type Transport,
} from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { EgressLog } from './egress/egress-log.js';
import type { IdentitySigner } from './keys/identity-signer.js';
import { KeyStore } from './keys/key-store.js';
import { checkResult, type ResultCheck } from './run/result-check.js';
import { identitiesOf } from './run/result-checks.js';
import { salvageJournal } from './state/journal.js';
import { ParticipantState } from './state/participant-state.js';
import { type Connection, connect } from './transport/connection.js';

/** Which round is checked again, and how much of it. */
export interface VerifyRoundOptions {
  /** The participant's directory. A client may use it meanwhile: then nothing is signed here, for it signs for itself. */
  readonly directory: string;
  /** `run/round`, or the first eight or more hexadecimal digits of a session's sid2; the last session unless said. */
  readonly session?: string;
  /** How many random chunks, or all; by default all up to 64 MB, else eight. */
  readonly chunks?: number | 'all';
  readonly signal?: AbortSignal;
  /** Where the identity key is not in the directory. */
  readonly identity?: IdentitySigner | undefined;
  /** Loops over lanes; `auto` unless said. */
  readonly kernels?: KernelChoice;
  readonly crypto?: CryptoPort;
  /** Chooses the chunks. */
  readonly random?: Random;
  readonly clock?: Clock;
  /** gRPC over mutual TLS unless given. */
  readonly transport?: Transport;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

/** What was found, and what became of it. */
export interface CheckedRound extends ResultCheck {
  readonly participantId: string;
  readonly runId: string;
  readonly round: number;
  /** The verdict that stands for this participant, for ever; undefined while it gave none. */
  readonly verdict: VerdictKind | undefined;
  /** Whether this call gave it, it was given before, or the client that uses the directory gives it. */
  readonly given: 'now' | 'before' | 'elsewhere';
  /** The loops over lanes that did it. */
  readonly kernels: Kernels['name'];
}

/**
 * Compute the sum of a round anew, from what the coordinator shows, and sign what was found unless a verdict stands already.
 *
 * @throws `invalid-argument` for a session that is not in the journal; `refused` `result.unknown` when its transcript is kept no longer,
 *   `result.survivor`, `check.survivor`; `state-lost`; `unavailable`, also when the kernels that were asked for cannot run. A sum that is wrong is no exception: see `error`.
 */
export async function verifyRound(options: VerifyRoundOptions): Promise<CheckedRound> {
  const { directory, crypto = nodeCrypto, random = systemRandom, wallMillis = Date.now, identity, clock } = options;
  const kernels = chooseKernels(options.kernels);
  const keys = await KeyStore.open(directory, { crypto, random, wallMillis, identity, clock });
  const lock = lockUnlessHeld(directory, wallMillis());
  const state = lock === undefined ? undefined : await openState(directory, lock);
  const records = (await state?.read()) ?? (await salvageJournal(directory, undefined)).records;
  const connection = connectAs(keys, options);
  try {
    const session = sessionNamed(checkableSessions(records), options.session);
    const plan = await planOf(connection, records, session, options.signal);
    const ports = { connection, crypto, kernels, random, ...identitiesOf(keys, wallMillis()) };
    const { chunks, signal } = options;
    const { runId, round } = session;
    const check = await checkResult(ports, {
      runId,
      round,
      own: session.own,
      plan,
      ...(chunks === undefined ? {} : { chunks }),
      ...(signal === undefined ? {} : { signal }),
    });
    const verdict = await conclude({ keys, crypto, state, connection, wallMillis, options }, session, check);
    return { ...check, participantId: keys.participantId, runId, round, ...verdict, kernels: kernels.name };
  } finally {
    connection.close();
    await state?.close();
    lock?.release();
  }
}

/** Undefined while another process uses the directory. */
function lockUnlessHeld(directory: string, now: number): DirectoryLock | undefined {
  try {
    return lockDirectory(directory, now);
  } catch (error) {
    if (error instanceof FederatedError && error.detail.rule === 'directory.held') return undefined;
    throw error;
  }
}

async function openState(directory: string, lock: DirectoryLock): Promise<ParticipantState> {
  try {
    return await ParticipantState.open(directory);
  } catch (error) {
    lock.release();
    throw error;
  }
}

function connectAs(keys: KeyStore, options: VerifyRoundOptions): Connection {
  const { crypto = nodeCrypto, random = systemRandom, clock = systemClock, transport } = options;
  return connect({
    ...keys.enrolment,
    ...keys.tls,
    coordinatorKey: () => keys.roster.roster.coordinatorKey,
    crypto,
    random,
    clock,
    ...(transport === undefined ? {} : { transport }),
  });
}

function sessionNamed(sessions: readonly CheckableSession[], name: string | undefined): CheckableSession {
  const found = name === undefined ? sessions[0] : sessions.find((session) => isNamed(session, name));
  if (found !== undefined) return found;
  const known = sessions.slice(0, 8).map(({ runId, round }) => `${runId}/${round}`);
  throw new FederatedError('invalid-argument', 'there is no such session with an update of this participant', {
    detail: { offered: name ?? 'the last one', required: known },
    fix:
      known.length === 0
        ? 'Take part in a round first.'
        : `Name one of ${known.join(', ')}: run and round, or the first digits of its sid2.`,
  });
}

function isNamed({ runId, round, own }: CheckableSession, name: string): boolean {
  if (name === `${runId}/${round}`) return true;
  return /^[0-9a-f]{8,64}$/.test(name) && toHex(own.sid2).startsWith(name);
}

/** The plan that was approved here, fetched by the digest in the journal. */
async function planOf(
  connection: Connection,
  records: readonly ParticipationRecord[],
  { runId }: CheckableSession,
  signal: AbortSignal | undefined,
): Promise<Plan> {
  const approved = records.find((record) => record.type === 'approved' && record.runId === runId);
  if (approved?.type !== 'approved') {
    throw new FederatedError('state-lost', `the journal does not say which plan of run ${runId} was approved`, {
      fix: 'Check a session that is younger than the recovery of this directory.',
    });
  }
  const { plan } = await connection.getPlan(approved.planHash, { signal });
  return decodePlan(plan.body);
}

interface Conclusion {
  readonly keys: KeyStore;
  readonly crypto: CryptoPort;
  readonly state: ParticipantState | undefined;
  readonly connection: Connection;
  readonly wallMillis: () => number;
  readonly options: VerifyRoundOptions;
}

async function conclude(
  { keys, crypto, state, connection, wallMillis, options }: Conclusion,
  session: CheckableSession,
  { finding }: ResultCheck,
): Promise<Pick<CheckedRound, 'verdict' | 'given'>> {
  const portsWith = (signer: Signer) => ({ crypto, codec: sessionCodec, signer });
  const before = await keys.signing((signer) => verdictGiven(portsWith(signer), session.records));
  const given = before === undefined ? 'now' : 'before';
  if (state === undefined) return { verdict: before?.kind, given: before === undefined ? 'elsewhere' : 'before' };
  if (before !== undefined && session.settled) return { verdict: before.kind, given };
  const { runId, round, own } = session;
  const append = (record: (typeof session.records)[number]) => state.append({ type: 'session', runId, round, record });
  const { verdict, record } =
    before === undefined
      ? await keys.signing((signer) => giveVerdict(portsWith(signer), session.records, finding))
      : { verdict: before };
  if (record !== undefined) await append(record);
  const { kind, statement } = verdict;
  const egress = await EgressLog.open(options.directory, { wallMillis });
  try {
    const bytes = statement.body.length + statement.signature.length;
    await egress.note({ runId, round, kind, bytes, digest: toHex(crypto.sha256(statement.body)), masked: false });
    await connection.sendVerdict({ runId, round, sid2: own.sid2 }, verdict, { signal: options.signal });
    await append({ type: 'result-settled', sid2: own.sid2 });
  } finally {
    await egress.close();
  }
  return { verdict: kind, given };
}
