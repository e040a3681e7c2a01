import {
  type AggregateBody,
  checkVerdict,
  type Finding,
  giveVerdict,
  type ParticipantRecord,
  type RoundSum,
  readAggregate,
  signAggregate,
  toHex,
  verdictGiven,
} from '@concordat/core';
import { expect } from 'chai';
import { OpenedSession } from '../../../support/opened-session.js';
import { detailThrownBy, ruleThrownBy } from '../../../support/rules.js';
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

  it('is of one kind: no bytes are both a result and a dispute', () => {
    const result = giveVerdict(ports, [], right).verdict.statement.body;
    const dispute = giveVerdict(ports, [], wrong).verdict.statement.body;
    expect(ruleThrownBy(() => codec.dispute.decode(result))).to.equal('malformed');
    expect(ruleThrownBy(() => codec.result.decode(dispute))).to.equal('malformed');
    const least = { ...wrong, rule: '', chunk: 0, lane: 0 };
    expect(ruleThrownBy(() => codec.dispute.decode(codec.dispute.encode(least)))).to.equal('malformed');
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

  it('is refused the second time with both: the word given before, and the one that it is not', () => {
    const [mine, foreign] = [toHex(resultHash), toHex(other)];
    expect(detailThrownBy(() => giveVerdict(ports, journalled(right), { ...wrong, resultHash: other }))).to.deep.equal({
      rule: 'result.second',
      required: `result-signed ${mine}`,
      offered: `disputed ${foreign}`,
    });
  });

  it('counts only with the signature of who gives it, for this session and this sum', () => {
    const { verdict } = giveVerdict(ports, [], right);
    const facts = { sid2, resultHash, aggregateHash, publicKey };
    const check = (verdictOf = verdict, expected = facts) =>
      detailThrownBy(() => checkVerdict(ports, verdictOf, expected));
    expect(check()).to.equal(undefined);
    const unsigned = (label: string) => ({
      rule: 'result.signature',
      required: `a signature under ${label}`,
      offered: 'a signature that does not verify',
    });
    expect(check({ ...verdict, kind: 'disputed' })).to.deep.equal(unsigned('CSA1/disputed'));
    const publicKeyOfTwo = opened.publicKeys.get('2')!;
    expect(check(verdict, { ...facts, publicKey: publicKeyOfTwo })).to.deep.equal(unsigned('CSA1/result'));
    const differs = (rule: string, offered: Uint8Array) => ({ rule, required: toHex(other), offered: toHex(offered) });
    expect(check(verdict, { ...facts, sid2: other })).to.deep.equal(differs('result.session', sid2));
    expect(check(verdict, { ...facts, resultHash: other })).to.deep.equal(differs('result.hash', resultHash));
    expect(check(verdict, { ...facts, aggregateHash: other })).to.deep.equal(
      differs('result.aggregate', aggregateHash),
    );
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

  it('is refused with the round or session that it should have been about, and those that it is about', () => {
    expect(detailThrownBy(() => read({ runId: 'run-2' }))).to.deep.equal({
      rule: 'check.aggregate',
      required: `${body.runId}/${body.round}`,
      offered: `run-2/${body.round}`,
    });
    const strangers = [1, 2, 3, 4].map((fill) => new Uint8Array(32).fill(fill));
    const about = (ids: readonly Uint8Array[]) =>
      detailThrownBy(() => read({ sums: ids.map((id, at) => foreign(at, id)) }));
    const [first, second] = strangers as [Uint8Array, Uint8Array];
    expect(about([first, second])).to.deep.equal({
      rule: 'check.aggregate',
      required: toHex(sid2),
      offered: `${toHex(first)}, ${toHex(second)}`,
    });
    // As many groups as a coordinator likes do not make a log line of any length.
    expect(about(strangers)?.offered).to.have.length(200);
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
