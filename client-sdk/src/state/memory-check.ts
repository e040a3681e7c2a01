import {
  type CryptoPort,
  type FederatedError,
  type JournalledSteps,
  type OfferedReceipt,
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
  readonly steps: JournalledSteps;
  readonly receipts: readonly OfferedReceipt[];
}

/**
 * Compare receipts with the journal.
 *
 * @throws `state-lost` (rule `state.receipts`) when the journal lacks what they prove; `verification`, `malformed` for a receipt
 *   that is forged or of somebody else.
 */
export function requireRemembered({ keys, crypto, steps, receipts }: MemoryCheck): void {
  const proved = proveReceipts(keys, crypto, receipts);
  const forgotten = steps.forgotten(proved);
  if (forgotten !== undefined) throw forgottenError(keys, steps, forgotten);
}

/** @throws `verification`, `malformed`. */
export function proveReceipts(keys: KeyStore, crypto: CryptoPort, receipts: readonly OfferedReceipt[]): ProvedStep[] {
  const { participantId, roster } = keys;
  const { coordinatorKey } = roster.roster;
  return receipts.map((receipt) => proveStep({ crypto, codec: sessionCodec, coordinatorKey, participantId }, receipt));
}

function forgottenError(
  { directory, participantId }: KeyStore,
  steps: JournalledSteps,
  { runId, round, step }: ProvedStep,
): FederatedError {
  const last = steps.lastEntered(runId);
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
