import { type CoordinationEffect, type Signed, signBody } from '@concordat/core';
import type { RunPorts } from './run-ports.js';

type Acceptance = Pick<
  Extract<CoordinationEffect, { type: 'accepted' }>,
  'participant' | 'round' | 'step' | 'contentDigest'
>;

/** What a participant gets for what it gave. Ed25519 is deterministic: the same content gets the very same receipt, after a restart too. */
export function signReceipt(
  { codec, crypto, signer }: Pick<RunPorts, 'codec' | 'crypto' | 'signer'>,
  runId: string,
  { participant: participantId, round, step, contentDigest }: Acceptance,
): Signed {
  const body = codec.receipt.encode({ runId, round, step, participantId, contentDigest });
  return signBody(crypto, signer, 'CSA1/receipt', body);
}
