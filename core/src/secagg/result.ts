import { equalBytes, toHex } from '../bytes.js';
import type { CryptoPort, Signer } from '../crypto/port.js';
import type { Rule } from '../rules.js';
import type {
  AggregateBody,
  DisputeBody,
  ResultBody,
  RoundSum,
  SessionCodec,
  Signed,
  Verdict,
} from '../wire/messages.js';
import { contradiction, decodeBody, readSigned, signBody, verifyBody } from './signing.js';

interface ResultPorts {
  readonly crypto: CryptoPort;
  readonly codec: Pick<SessionCodec, 'aggregate' | 'result' | 'dispute'>;
}

type SigningPorts = ResultPorts & { readonly signer: Signer };

/** The coordinator's word which sums it opened in a round. */
export function signAggregate({ crypto, codec, signer }: SigningPorts, aggregate: AggregateBody): Signed {
  return signBody(crypto, signer, 'CSA1/aggregate', codec.aggregate.encode(aggregate));
}

/** What the coordinator signed: the sums of a round, and which of them is the participant's own. */
export interface ReadAggregate {
  /** SHA-256 of the body: whoever signs it signs all of these sums. */
  readonly aggregateHash: Uint8Array;
  readonly own: RoundSum;
  /** The own one included, groups ascending. */
  readonly sums: readonly RoundSum[];
}

/**
 * What the coordinator says it opened in a round.
 *
 * @throws `verification` `check.aggregate`, also when it is about another round, names a group or a session twice, or this session not at
 *   all; `malformed`.
 */
export function readAggregate(
  { crypto, codec }: ResultPorts,
  aggregate: Signed,
  expected: {
    readonly runId: string;
    readonly round: number;
    readonly sid2: Uint8Array;
    readonly coordinatorKey: Uint8Array;
  },
): ReadAggregate {
  const { runId, round, sid2, coordinatorKey: publicKey } = expected;
  const rule = 'check.aggregate';
  const body = readSigned(crypto, codec.aggregate, aggregate, { label: 'CSA1/aggregate', publicKey, rule });
  if (body.runId !== runId || body.round !== round) {
    throw contradiction(rule, 'the coordinator signed the sums of another round', {
      required: `${runId}/${round}`,
      offered: `${body.runId}/${body.round}`,
    });
  }
  const { sums } = body;
  const sessions = new Set(sums.map((sum) => toHex(sum.sid2)));
  const ascending = sums.every(({ group }, at) => group > (sums[at - 1]?.group ?? -1));
  const own = sums.find((sum) => equalBytes(sum.sid2, sid2));
  if (own !== undefined && ascending && sessions.size === sums.length) {
    return { aggregateHash: crypto.sha256(aggregate.body), own, sums };
  }
  throw contradiction(rule, 'the coordinator signed the sums of other sessions, or one of them twice', {
    required: toHex(sid2),
    offered: [...sessions].join(', ').slice(0, 200),
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
 * One survivor's verdict on this very sum, among these very sums of its round.
 *
 * @throws `verification` `result.signature`, `result.session`, `result.hash`, `result.aggregate`; `malformed`.
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
  requireSame('result.session', expected.sid2, body.sid2);
  requireSame('result.hash', expected.resultHash, body.resultHash);
  requireSame('result.aggregate', expected.aggregateHash, body.aggregateHash);
}

const what = {
  'result.session': 'a verdict is about another session',
  'result.hash': 'a verdict is about another sum',
  'result.aggregate': 'a verdict is about other sums of the round',
} as const satisfies Partial<Record<Rule<'verification'>, string>>;

function requireSame(rule: keyof typeof what, required: Uint8Array, offered: Uint8Array): void {
  if (equalBytes(required, offered)) return;
  throw contradiction(rule, what[rule], { required: toHex(required), offered: toHex(offered) });
}
