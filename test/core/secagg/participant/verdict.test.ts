import {
  type AggregateBody,
  checkVerdict,
  type Finding,
  giveVerdict,
  type ParticipantRecord,
  type RoundSum,
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
const { aggregateHash } = opened.result;
const other = new Uint8Array(32).fill(7);
const publicKey = opened.publicKeys.get('1')!;

const right = { type: 'right', sid2, resultHash, aggregateHash } as const satisfies Finding;
const wrong = {
  type: 'wrong',
  sid2,
  resultHash,
  aggregateHash,
  group: 0,
  rule: 'check.sum',
  chunk: 1,
  lane: 17,
} as const satisfies Finding;

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
    expect(codec.result.decode(verdict.statement.body)).to.deep.equal({ sid2, resultHash, aggregateHash });
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
      [right, { ...right, aggregateHash: other }],
      [right, wrong],
      [wrong, right],
      [wrong, { ...wrong, resultHash: other }],
      [wrong, { ...wrong, chunk: 2 }],
      [wrong, { ...wrong, group: 1 }],
    ];
    for (const [first, second] of seconds) {
      expect(ruleThrownBy(() => giveVerdict(ports, journalled(first), second))).to.equal('result.second');
    }
  });

  it('counts only with the signature of who gives it, for this session and this sum', () => {
    const { verdict } = giveVerdict(ports, [], right);
    const facts = { sid2, resultHash, aggregateHash, publicKey };
    const check = (verdictOf = verdict, expected = facts) =>
      ruleThrownBy(() => checkVerdict(ports, verdictOf, expected));
    expect(check()).to.equal(undefined);
    expect(check({ ...verdict, kind: 'disputed' })).to.equal('result.signature');
    expect(check(verdict, { ...facts, publicKey: opened.publicKeys.get('2')! })).to.equal('result.signature');
    expect(check(verdict, { ...facts, sid2: other })).to.equal('result.session');
    expect(check(verdict, { ...facts, resultHash: other })).to.equal('result.hash');
    expect(check(verdict, { ...facts, aggregateHash: other })).to.equal('result.aggregate');
  });
});

describe('The coordinator’s word on the sums of a round', () => {
  const { coordinator } = opened.session;
  const coordinatorKey = coordinator.publicKey;
  const body = opened.aggregateBody;
  const [own] = body.sums as [RoundSum];
  const foreign = (group: number, of: Uint8Array = other) => ({ group, sid2: of, resultHash: other, survivors: 3 });
  const expected = { runId: body.runId, round: body.round, sid2, coordinatorKey };

  function read(changed: Partial<AggregateBody> = {}, differs: Partial<typeof expected> = {}) {
    const aggregate = signAggregate({ crypto, codec, signer: coordinator }, { ...body, ...changed });
    return readAggregate(ports, aggregate, { ...expected, ...differs });
  }

  it('is about all of them, and the participant’s own is among them', () => {
    expect(read()).to.deep.equal({ aggregateHash, own, sums: [own] });
    const sums = [foreign(0), { ...own, group: 2 }, foreign(3, new Uint8Array(32))];
    const several = read({ sums });
    expect([several.own.group, several.sums]).to.deep.equal([2, sums]);
    expect(several.aggregateHash).to.not.deep.equal(aggregateHash);
  });

  it('holds for its round and session alone, and only under the coordinator’s key', () => {
    const cases: readonly (readonly [Partial<AggregateBody>, Partial<typeof expected>])[] = [
      [{}, { sid2: other }],
      [{}, { coordinatorKey: publicKey }],
      [{}, { runId: 'run-2' }],
      [{}, { round: 2 }],
      [{ sums: [foreign(0)] }, {}],
    ];
    for (const [changed, differs] of cases) {
      expect(ruleThrownBy(() => read(changed, differs))).to.equal('check.aggregate');
    }
  });

  it('names no group and no session twice, and groups ascending', () => {
    for (const sums of [
      [own, foreign(0)],
      [foreign(2), { ...own, group: 1 }],
      [foreign(0), foreign(1), { ...own, group: 2 }],
    ]) {
      expect(ruleThrownBy(() => read({ sums }))).to.equal('check.aggregate');
    }
  });
});
