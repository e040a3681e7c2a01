import {
  type CryptoPort,
  equalBytes,
  FederatedError,
  type ParticipantMessage,
  type Signed,
  signedOf,
  type Verdict,
  verifyBody,
} from '@concordat/core';
import { sessionCodec } from '@concordat/proto';

/** What a receipt has to say. */
export interface ExpectedReceipt {
  readonly runId: string;
  readonly participantId: string;
  readonly message: ParticipantMessage;
}

/**
 * Check the coordinator's word that it holds what was sent.
 *
 * @param coordinatorKey Ed25519, from the approved roster.
 * @returns the receipt. @throws `verification` when signature, run, round, step, participant or content is another; `malformed`.
 */
export function checkReceipt(
  crypto: CryptoPort,
  coordinatorKey: Uint8Array,
  receipt: Signed,
  expected: ExpectedReceipt,
): Signed {
  if (!verifyBody(crypto, coordinatorKey, 'CSA1/receipt', receipt)) throw wrong('is not signed by the coordinator');
  const said = sessionCodec.receipt.decode(receipt.body);
  const { message, runId, participantId } = expected;
  const round = message.type === 'approved' ? 0 : message.round;
  if (said.runId !== runId || said.participantId !== participantId || said.round !== round) {
    throw wrong('is for another run, round or participant');
  }
  if (said.step !== stepOf(message)) throw wrong('is for another step');
  const content = contentOf(message);
  if (content !== undefined && !equalBytes(said.contentDigest, crypto.sha256(content)))
    throw wrong('is for other content');
  return receipt;
}

/** The same for a verdict on a sum. */
export function checkVerdictReceipt(
  crypto: CryptoPort,
  coordinatorKey: Uint8Array,
  receipt: Signed,
  expected: {
    readonly runId: string;
    readonly round: number;
    readonly participantId: string;
    readonly verdict: Verdict;
  },
): Signed {
  if (!verifyBody(crypto, coordinatorKey, 'CSA1/receipt', receipt)) throw wrong('is not signed by the coordinator');
  const said = sessionCodec.receipt.decode(receipt.body);
  const { runId, round, participantId, verdict } = expected;
  if (said.runId !== runId || said.round !== round || said.participantId !== participantId) {
    throw wrong('is for another run, round or participant');
  }
  if (said.step !== verdict.kind) throw wrong('is for another step');
  if (equalBytes(said.contentDigest, crypto.sha256(verdict.statement.body))) return receipt;
  throw wrong('is for other content');
}

function stepOf(message: ParticipantMessage): string {
  if (message.type === 'session') return message.frame.type;
  return message.type === 'approved' ? 'approve' : message.type;
}

/** The bytes whose digest a receipt names; undefined for a decline, from which nothing follows. */
function contentOf(message: ParticipantMessage): Uint8Array | undefined {
  switch (message.type) {
    case 'approved':
      return message.approval.body;
    case 'ready':
      return message.baseModelHash;
    case 'session':
      return signedOf(message.frame).body;
    case 'decline':
      return undefined;
  }
}

function wrong(how: string): FederatedError {
  return new FederatedError('verification', `the receipt ${how}`, {
    detail: { rule: 'receipt' },
    fix: 'Ask the operator and the other participants whether they talk to the same coordinator.',
  });
}
