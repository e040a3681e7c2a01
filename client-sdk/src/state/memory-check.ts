import {
  type CryptoPort,
  type FederatedError,
  forgottenStep,
  type OfferedReceipt,
  type ParticipationRecord,
  type ProvedStep,
  proveStep,
} from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import type { KeyStore } from '../keys/key-store.js';
import { stateLost } from './state-lost.js';

/** What the coordinator shows in its welcome, and what is held here. */
export interface MemoryCheck {
  readonly keys: KeyStore;
  readonly crypto: CryptoPort;
  readonly records: readonly ParticipationRecord[];
  readonly receipts: readonly OfferedReceipt[];
}

/**
 * Compare receipts with the journal.
 *
 * @throws `state-lost` (rule `state.receipts`) when the journal lacks what they prove; `verification`, `malformed` for a receipt
 *   that is forged or of somebody else.
 */
export function requireRemembered({ keys, crypto, records, receipts }: MemoryCheck): void {
  const proved = proveReceipts(keys, crypto, receipts);
  const forgotten = forgottenStep(records, proved);
  if (forgotten !== undefined) throw forgottenError(keys, records, forgotten);
}

/** @throws `verification`, `malformed`. */
export function proveReceipts(keys: KeyStore, crypto: CryptoPort, receipts: readonly OfferedReceipt[]): ProvedStep[] {
  const { participantId, roster } = keys;
  const { coordinatorKey } = roster.roster;
  return receipts.map((receipt) => proveStep({ crypto, codec: sessionCodec, coordinatorKey, participantId }, receipt));
}

function forgottenError(
  { directory, participantId }: KeyStore,
  records: readonly ParticipationRecord[],
  { runId, round, step }: ProvedStep,
): FederatedError {
  const last = records.reduce(
    (most, record) =>
      record.type === 'session-entered' && record.runId === runId ? Math.max(most, record.round) : most,
    0,
  );
  const what = round === 0 ? `step ${step} of run ${runId}` : `step ${step} of round ${round} of run ${runId}`;
  const held =
    last === 0
      ? `holds no round of that run`
      : last < round
        ? `ends at round ${last} of it`
        : `does not hold that step`;
  return stateLost(
    directory,
    `the coordinator's receipts prove that ${participantId} answered ${what}; the journal here ${held}: it is older than what was done`,
    { rule: 'state.receipts', run: runId, round, step, required: round, offered: last },
  );
}
