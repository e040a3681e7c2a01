import { equalBytes, toHex } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import type { DisputeBody, ResultBody, SessionCodec, Signed, Verdict } from '../wire/messages.js';
import { contradiction, decodeBody, readSigned, signBody, verifyBody } from './signing.js';

interface ResultPorts {
  readonly crypto: CryptoPort;
  readonly codec: Pick<SessionCodec, 'result' | 'dispute'>;
}

type SigningPorts = ResultPorts & { readonly signer: Signer };

/** The coordinator's word which sum it opened. */
export function signAggregate({ crypto, codec, signer }: SigningPorts, result: ResultBody): Signed {
  return signBody(crypto, signer, 'CSA1/aggregate', codec.result.encode(result));
}

/**
 * What the coordinator says it opened.
 *
 * @returns resultHash.
 * @throws `verification` `check.aggregate`; `malformed`.
 */
export function readAggregate(
  { crypto, codec }: ResultPorts,
  aggregate: Signed,
  expected: { readonly sid2: Uint8Array; readonly coordinatorKey: Uint8Array },
): Uint8Array {
  const { sid2, coordinatorKey: publicKey } = expected;
  const rule = 'check.aggregate';
  const body = readSigned(crypto, codec.result, aggregate, { label: 'CSA1/aggregate', publicKey, rule });
  if (equalBytes(body.sid2, sid2)) return body.resultHash;
  throw contradiction(rule, 'the coordinator signed the sum of another session', {
    required: toHex(sid2),
    offered: toHex(body.sid2),
  });
}

/** A survivor found the sum right. */
export function signResult({ crypto, codec, signer }: SigningPorts, result: ResultBody): Verdict {
  return { kind: 'result', statement: signBody(crypto, signer, 'CSA1/result', codec.result.encode(result)) };
}

/** A survivor does not accept the sum. */
export function signDispute({ crypto, codec, signer }: SigningPorts, dispute: DisputeBody): Verdict {
  return { kind: 'disputed', statement: signBody(crypto, signer, 'CSA1/disputed', codec.dispute.encode(dispute)) };
}

/**
 * One survivor's verdict on this very sum.
 *
 * @throws `verification` `result.signature`, `result.session`, `result.hash`; `malformed`.
 */
export function checkVerdict(
  { crypto, codec }: ResultPorts,
  { kind, statement }: Verdict,
  expected: ResultBody & { readonly publicKey: Uint8Array },
): void {
  const label = kind === 'result' ? 'CSA1/result' : 'CSA1/disputed';
  if (!verifyBody(crypto, expected.publicKey, label, statement)) {
    throw contradiction('result.signature', 'a verdict is not signed by the participant that gives it', {
      required: `a signature under ${label}`,
      offered: 'a signature that does not verify',
    });
  }
  const body = decodeBody<ResultBody>(kind === 'result' ? codec.result : codec.dispute, statement.body);
  if (!equalBytes(body.sid2, expected.sid2)) {
    throw contradiction('result.session', 'a verdict is about another session', {
      required: toHex(expected.sid2),
      offered: toHex(body.sid2),
    });
  }
  if (equalBytes(body.resultHash, expected.resultHash)) return;
  throw contradiction('result.hash', 'a verdict is about another sum', {
    required: toHex(expected.resultHash),
    offered: toHex(body.resultHash),
  });
}
