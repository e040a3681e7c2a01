import {
  type ApprovalRule,
  approvalsRequired,
  type PlanWord,
  refusalsForOthers,
  tallyApprovals,
} from '@concordat/core';
import { expect } from 'chai';

const roster = ['delta', 'alpha', 'gamma', 'beta'];
const approved = { type: 'approved' } as const;
const refused = { type: 'refused', rule: 'cohort.min' } as const;

const tally = (rule: ApprovalRule, words: Readonly<Record<string, PlanWord>> = {}) =>
  tallyApprovals(rule, roster, new Map(Object.entries(words)));

describe('the approvals that a plan asks for', () => {
  const share = (parts: number, of: number): ApprovalRule => ({ rule: 'share', parts, of });

  const counts: readonly [ApprovalRule, number, number][] = [
    [{ rule: 'each' }, 9, 0],
    [{ rule: 'all' }, 9, 9],
    [share(2, 3), 9, 6],
    [share(2, 3), 10, 7],
    [share(1, 1), 10, 10],
    [share(1, 4096), 4096, 1],
    [{ rule: 'named', participants: ['alpha', 'beta'] }, 9, 2],
  ];
  for (const [rule, participants, required] of counts) {
    it(`are ${required} of ${participants} with ${JSON.stringify(rule)}`, () => {
      expect(approvalsRequired(rule, participants)).to.equal(required);
    });
  }

  it('are held by `each` before anybody says a word', () => {
    expect(tally({ rule: 'each' }).standing).to.equal('held');
  });

  it('of all are open until the last one approves, and impossible with one refusal', () => {
    expect(tally({ rule: 'all' }, { alpha: approved, beta: approved })).to.deep.equal({
      required: 4,
      approved: ['alpha', 'beta'],
      refused: [],
      awaited: ['delta', 'gamma'],
      standing: 'open',
    });
    expect(tally({ rule: 'all' }, Object.fromEntries(roster.map((name) => [name, approved]))).standing).to.equal(
      'held',
    );
    const no = tally({ rule: 'all' }, { beta: refused });
    expect(no.standing).to.equal('impossible');
    expect(no.refused).to.deep.equal([{ participant: 'beta', rule: 'cohort.min' }]);
  });

  it('of a share hold with some refusals, and are impossible with one more', () => {
    expect(tally(share(1, 2), { alpha: refused, beta: refused }).standing).to.equal('open');
    expect(tally(share(1, 2), { alpha: refused, beta: refused, gamma: approved, delta: approved }).standing).to.equal(
      'held',
    );
    expect(tally(share(1, 2), { alpha: refused, beta: refused, gamma: refused }).standing).to.equal('impossible');
  });

  it('of the named count no word of others', () => {
    const named: ApprovalRule = { rule: 'named', participants: ['beta', 'alpha'] };
    expect(tally(named, { gamma: refused, alpha: approved })).to.deep.include({
      approved: ['alpha'],
      refused: [],
      awaited: ['beta'],
      standing: 'open',
    });
    expect(tally(named, { gamma: refused, alpha: approved, beta: approved }).standing).to.equal('held');
    expect(tally(named, { alpha: refused }).standing).to.equal('impossible');
  });

  it('are refused for others without what a rule about records would tell', () => {
    const by = (...rules: string[]) => rules.map((rule) => ({ participant: 'alpha', rule }));
    expect(refusalsForOthers(by('cohort.min', 'data.column', 'examples.min', 'state-lost'))).to.deep.equal(
      by('cohort.min', 'refused', 'refused', 'state-lost'),
    );
  });

  it('of somebody who is not in the roster cannot come', () => {
    expect(tally({ rule: 'named', participants: ['omega'] }).standing).to.equal('impossible');
  });
});
