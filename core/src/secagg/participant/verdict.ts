import { equalBytes, toHex } from '../../bytes.js';
import { refusal } from '../../errors.js';
import type { DisputeBody, ResultBody, Verdict } from '../../wire/messages.js';
import { signDispute, signResult } from '../result.js';
import type { ParticipantPorts, ParticipantRecord } from './contract.js';
import { slotsOf } from './state.js';

/** What a check of an opened sum found. */
export type Finding =
  | ({ readonly type: 'right' } & ResultBody)
  /** `rule` says what does not hold. */
  | ({ readonly type: 'wrong' } & DisputeBody);

/** A verdict, and the record that must be durable before it leaves; none when it is a repetition. */
export interface GivenVerdict {
  readonly verdict: Verdict;
  readonly record?: Extract<ParticipantRecord, { type: 'result-signed' | 'disputed' }>;
}

/**
 * Step 7: sign what was found. One word for one sid, for ever: the same finding gets the same bytes, another one is refused.
 *
 * @param records of this session, oldest first.
 * @throws `refused` `result.second`.
 */
export function giveVerdict(
  ports: ParticipantPorts,
  records: readonly ParticipantRecord[],
  finding: Finding,
): GivenVerdict {
  const { 'result-signed': signed, disputed } = slotsOf(records);
  const verdict = sign(ports, finding);
  const before = signed ?? disputed;
  const type = finding.type === 'right' ? 'result-signed' : 'disputed';
  if (before === undefined) {
    const { sid2, resultHash } = finding;
    return { verdict, record: { type, sid2, resultHash, body: verdict.statement.body } };
  }
  if (before.type === type && equalBytes(before.body, verdict.statement.body)) return { verdict };
  throw refusal('result.second', 'a second verdict on one sum', {
    required: `${before.type} ${toHex(before.resultHash)}`,
    offered: `${type} ${toHex(finding.resultHash)}`,
  });
}

/** The verdict that was signed before, with the very same bytes; undefined when there is none. */
export function verdictGiven(ports: ParticipantPorts, records: readonly ParticipantRecord[]): Verdict | undefined {
  const { 'result-signed': signed, disputed } = slotsOf(records);
  if (signed !== undefined) return signResult(ports, ports.codec.result.decode(signed.body));
  return disputed === undefined ? undefined : signDispute(ports, ports.codec.dispute.decode(disputed.body));
}

function sign(ports: ParticipantPorts, finding: Finding): Verdict {
  return finding.type === 'right' ? signResult(ports, finding) : signDispute(ports, finding);
}
