import {
  type CryptoPort,
  equalBytes,
  FederatedError,
  type ParticipantMessage,
  type Signed,
  signedOf,
} from '@concordat/core';
import type { CallKey, ReceiptRecords } from '../store/receipts.js';

/**
 * A step is answered once: repeated, it gets its receipt again, also after the step is over.
 *
 * @returns the receipt that was given for this answer; undefined when the step was not answered yet.
 * @throws `conflict` when it was answered with other content.
 */
export async function earlierAnswer(
  { receipts, crypto }: { readonly receipts: ReceiptRecords; readonly crypto: CryptoPort },
  { run, participant }: { readonly run: string; readonly participant: string },
  { round, frame }: Extract<ParticipantMessage, { type: 'session' }>,
): Promise<Signed | undefined> {
  const key: CallKey = { run, round, step: frame.type, participant };
  const stored = await receipts.get(key);
  if (stored === undefined) return undefined;
  const { contentDigest, body, signature } = stored;
  if (equalBytes(contentDigest, crypto.sha256(signedOf(frame).body))) return { body, signature };
  throw new FederatedError('conflict', `step ${frame.type} of round ${round} was answered with other content`, {
    detail: { round, step: frame.type, participant },
    fix: 'Send the same bytes again; an answer to a step never changes.',
  });
}
