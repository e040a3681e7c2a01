import {
  checkVerdict,
  type Finding,
  giveVerdict,
  type ParticipantRecord,
  readAggregate,
  signAggregate,
  verdictGiven,
} from '@concordat/core';
import { expect } from 'chai';
import { OpenedSession } from '../../../support/opened-session.js';
import { ruleThrownBy } from '../../../support/rules.js';
import { codec, crypto } from '../../../support/session.js';

const opened = new OpenedSession();
const ports = opened.session.ports('1');
const { sid2 } = opened.order;
const { resultHash } = opened;
const other = new Uint8Array(32).fill(7);
const publicKey = opened.publicKeys.get('1')!;

const right: Finding = { type: 'right', sid2, resultHash };
const wrong: Finding = { type: 'wrong', sid2, resultHash, rule: 'check.sum', chunk: 1, lane: 17 };

/** What every earlier finding of a process leaves in the journal. */
function journalled(...findings: readonly Finding[]): readonly ParticipantRecord[] {
  const records = [...opened.session.participantRecords.get('1')!];
  for (const finding of findings) {
    const { record } = giveVerdict(ports, records, finding);
    if (record !== undefined) records.push(record);
  }
  return records;
}

describe('A verdict on a sum', () => {
  it('is journalled with what was signed, before it can leave', () => {
    const { verdict, record } = giveVerdict(ports, journalled(), right);
    expect(record).to.deep.equal({ type: 'result-signed', sid2, resultHash, body: verdict.statement.body });
    expect(codec.result.decode(verdict.statement.body)).to.deep.equal({ sid2, resultHash });
    const disputed = giveVerdict(ports, journalled(), wrong);
    expect(disputed.record?.type).to.equal('disputed');
    const { type: _, ...body } = wrong;
    expect(codec.dispute.decode(disputed.verdict.statement.body)).to.deep.equal(body);
  });

  it('is given again with the same bytes, and not journalled twice', () => {
    for (const finding of [right, wrong]) {
      const before = journalled(finding);
      const again = giveVerdict(ports, before, finding);
      expect(again.record).to.equal(undefined);
      expect(verdictGiven(ports, before)).to.deep.equal(again.verdict);
    }
    expect(verdictGiven(ports, journalled())).to.equal(undefined);
  });

  it('is one for a sid, for ever: no second hash, no dispute after a result, no result after a dispute', () => {
    const seconds: readonly (readonly [Finding, Finding])[] = [
      [right, { ...right, resultHash: other }],
      [right, wrong],
      [wrong, right],
      [wrong, { ...wrong, resultHash: other }],
      [wrong, { ...wrong, chunk: 2 }],
    ];
    for (const [first, second] of seconds) {
      expect(ruleThrownBy(() => giveVerdict(ports, journalled(first), second))).to.equal('result.second');
    }
  });

  it('counts only with the signature of who gives it, for this session and this sum', () => {
    const { verdict } = giveVerdict(ports, [], right);
    const check = (verdictOf = verdict, expected = { sid2, resultHash, publicKey }) =>
      ruleThrownBy(() => checkVerdict(ports, verdictOf, expected));
    expect(check()).to.equal(undefined);
    expect(check({ ...verdict, kind: 'disputed' })).to.equal('result.signature');
    expect(check(verdict, { sid2, resultHash, publicKey: opened.publicKeys.get('2')! })).to.equal('result.signature');
    expect(check(verdict, { sid2: other, resultHash, publicKey })).to.equal('result.session');
    expect(check(verdict, { sid2, resultHash: other, publicKey })).to.equal('result.hash');
  });
});

describe('The coordinator’s word on a sum', () => {
  it('holds for its session alone, and only under its key', () => {
    const { coordinator } = opened.session;
    const aggregate = signAggregate({ crypto, codec, signer: coordinator }, { sid2, resultHash });
    const coordinatorKey = coordinator.publicKey;
    expect(readAggregate(ports, aggregate, { sid2, coordinatorKey })).to.deep.equal(resultHash);
    expect(ruleThrownBy(() => readAggregate(ports, aggregate, { sid2: other, coordinatorKey }))).to.equal(
      'check.aggregate',
    );
    expect(ruleThrownBy(() => readAggregate(ports, aggregate, { sid2, coordinatorKey: publicKey }))).to.equal(
      'check.aggregate',
    );
  });
});
