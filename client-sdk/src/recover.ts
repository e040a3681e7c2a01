import {
  bounds,
  type CryptoPort,
  FederatedError,
  JournalledSteps,
  type ParticipationRecord,
  type ProvedStep,
  type Random,
  recoveredRecord,
} from '@concordat/core';
import { type Clock, lockDirectory, nodeCrypto, systemClock, systemRandom, type Transport } from '@concordat/node';
import type { IdentitySigner } from './keys/identity-signer.js';
import { KeyStore } from './keys/key-store.js';
import { type ClientEpoch, readClientEpoch, writeClientEpoch } from './state/client-epoch.js';
import { replaceJournal, salvageJournal } from './state/journal.js';
import { proveReceipts } from './state/memory-check.js';
import { Spool } from './state/spool.js';
import { stateLost } from './state/state-lost.js';
import { type Connection, connect } from './transport/connection.js';

/** Which participant is recovered, and how its coordinator is reached. */
export interface RecoverOptions {
  /** The participant's directory; no client may use it. */
  readonly directory: string;
  readonly signal?: AbortSignal;
  /** Where the identity key is not in the directory. */
  readonly identity?: IdentitySigner | undefined;
  readonly crypto?: CryptoPort;
  readonly random?: Random;
  readonly clock?: Clock;
  /** gRPC over mutual TLS unless given. */
  readonly transport?: Transport;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

/** What receipts proved, and what was made of it. */
export interface Recovery {
  readonly participantId: string;
  /** Why the directory could not be gone on from; undefined when it could, and then nothing was changed. */
  readonly reason: FederatedError | undefined;
  /** How many receipts the coordinator showed. */
  readonly receipts: number;
  /** Last round of each run. */
  readonly rounds: readonly { readonly runId: string; readonly round: number }[];
  /** Base models that count as signed, for ever: nothing is contributed on them again. */
  readonly bases: readonly { readonly runId: string; readonly baseModelHash: Uint8Array }[];
  /** The number of the last start, as it stands now. */
  readonly clientEpoch: number;
  /** Secrets and masked vectors of sessions that cannot be gone on with. */
  readonly destroyed: { readonly roots: number; readonly vectors: number };
}

/** How long one page is asked for while the coordinator is away. */
const pageMillis = 15_000;

/** Rounds or base models in one record, far below the longest record. */
const itemsPerRecord = 4_096;

/**
 * Make a directory usable again whose state is lost or older than what this participant did. It takes the maximum of what the
 * coordinator's receipts prove and of what can still be read here: no round up to the last one is entered again, every base
 * model in the receipts counts as signed and its metrics as sent, and secrets of sessions that were left open are destroyed.
 * Keys and roster stay. On a directory that holds everything it changes nothing.
 *
 * @throws `conflict` while a client uses the directory; `unavailable` when the coordinator does not answer; `verification`,
 *   `malformed` when its receipts do not hold: then nothing was changed.
 */
export async function recover(options: RecoverOptions): Promise<Recovery> {
  const { directory, crypto = nodeCrypto, random = systemRandom, wallMillis = Date.now, identity, clock } = options;
  await KeyStore.open(directory, { crypto, random, wallMillis, identity, clock });
  const lock = lockDirectory(directory, wallMillis());
  try {
    const keys = await KeyStore.open(directory, { crypto, random, wallMillis, identity, clock });
    const held = await look(directory);
    const shown = await fetchProofs(keys, options);
    const reason = held.damage ?? behind(directory, held, shown);
    const { rounds, bases } = recoveredRecord(shown.proved);
    const found = { participantId: keys.participantId, reason, receipts: shown.proved.length };
    if (reason === undefined) {
      const destroyed = { roots: 0, vectors: 0 };
      return { ...found, rounds, bases, clientEpoch: held.epoch, destroyed };
    }
    const destroyed = { roots: await keys.roots.purgeRoots(), vectors: await Spool.purge(directory) };
    const clientEpoch = Math.max(held.epoch, shown.clientEpoch, 1);
    const journal = await replaceJournal(directory, [...held.records, ...recordsOf({ rounds, bases })]);
    await writeClientEpoch(directory, { epoch: clientEpoch, journal });
    return { ...found, rounds, bases, clientEpoch, destroyed };
  } finally {
    lock.release();
  }
}

interface Held {
  readonly records: readonly ParticipationRecord[];
  /** 0 when no start is known. */
  readonly epoch: number;
  /** What a client that opens here would be refused with. */
  readonly damage: FederatedError | undefined;
}

async function look(directory: string): Promise<Held> {
  let last: ClientEpoch | undefined;
  let damage: FederatedError | undefined;
  try {
    last = await readClientEpoch(directory);
  } catch (error) {
    if (!(error instanceof FederatedError) || error.code !== 'state-lost') throw error;
    damage = error;
  }
  const journal = await salvageJournal(directory, last?.journal);
  return { records: journal.records, epoch: last?.epoch ?? 0, damage: damage ?? journal.damage };
}

interface Shown {
  readonly proved: readonly ProvedStep[];
  readonly clientEpoch: number;
}

function behind(directory: string, held: Held, shown: Shown): FederatedError | undefined {
  const forgotten = JournalledSteps.of(held.records).forgotten(shown.proved);
  if (forgotten !== undefined) {
    const { runId, round, step } = forgotten;
    const message = `receipts prove step ${step} of round ${round} of run ${runId}, the journal does not hold it`;
    return stateLost(directory, message, { rule: 'state.receipts', run: runId, round, step });
  }
  if (held.epoch >= shown.clientEpoch) return undefined;
  const message = `the coordinator has seen start ${shown.clientEpoch}, this directory knows of ${held.epoch}`;
  return stateLost(directory, message, {
    rule: 'state.fenced',
    required: shown.clientEpoch,
    offered: held.epoch,
  });
}

async function fetchProofs(keys: KeyStore, options: RecoverOptions): Promise<Shown> {
  const { crypto = nodeCrypto, random = systemRandom, clock = systemClock, transport, signal } = options;
  const coordinatorKey = () => keys.roster.roster.coordinatorKey;
  const connection = connect({
    ...keys.enrolment,
    ...keys.tls,
    coordinatorKey,
    crypto,
    random,
    clock,
    ...(transport === undefined ? {} : { transport }),
  });
  try {
    return await fetchPages(connection, signal, (receipts) => proveReceipts(keys, crypto, receipts));
  } finally {
    connection.close();
  }
}

async function fetchPages(
  connection: Pick<Connection, 'getReceipts'>,
  signal: AbortSignal | undefined,
  prove: (receipts: Awaited<ReturnType<Connection['getReceipts']>>['receipts']) => ProvedStep[],
): Promise<Shown> {
  const proved: ProvedStep[] = [];
  for (;;) {
    const page = await connection.getReceipts(proved.at(-1), { deadlineMillis: pageMillis, signal });
    for (const step of prove(page.receipts)) {
      requireOrder(proved.at(-1), step);
      proved.push(step);
    }
    if (proved.length > bounds.receiptsMax || (page.more && page.receipts.length === 0)) throw endless(proved.length);
    if (!page.more) return { proved, clientEpoch: page.clientEpoch };
  }
}

/** Ascending, so that no coordinator can show the same receipts for ever. */
function requireOrder(last: ProvedStep | undefined, step: ProvedStep): void {
  if (last === undefined || isAfter(step, last)) return;
  throw new FederatedError('malformed', 'the receipts are not in order', {
    detail: { required: `after ${nameOf(last)}`, offered: nameOf(step) },
  });
}

function isAfter(a: ProvedStep, b: ProvedStep): boolean {
  if (a.runId !== b.runId) return a.runId > b.runId;
  return a.round === b.round ? a.step > b.step : a.round > b.round;
}

function nameOf({ runId, round, step }: ProvedStep): string {
  return `${runId} ${round} ${step}`;
}

function endless(offered: number): FederatedError {
  return new FederatedError('malformed', 'the coordinator shows more receipts than there can be', {
    detail: { required: bounds.receiptsMax, offered },
  });
}

function* recordsOf({ rounds, bases }: Pick<Recovery, 'rounds' | 'bases'>): Generator<ParticipationRecord> {
  const most = Math.max(rounds.length, bases.length, 1);
  for (let at = 0; at < most; at += itemsPerRecord) {
    const end = at + itemsPerRecord;
    yield { type: 'recovered', rounds: rounds.slice(at, end), bases: bases.slice(at, end) };
  }
}
