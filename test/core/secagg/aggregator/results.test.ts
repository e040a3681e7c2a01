import { type Finding, giveVerdict, releaseOf, type SessionResult, takeVerdict, tallyOf } from '@concordat/core';
import { expect } from 'chai';
import { OpenedSession } from '../../../support/opened-session.js';
import { detailThrownBy, ruleThrownBy } from '../../../support/rules.js';

const opened = new OpenedSession({ participants: 5, silentFrom: new Map([['5', 'upload']]) });
const { order, session, resultHash, aggregate } = opened;
const { sid2, threshold, survivors } = order;
const ports = session.aggregatorPorts;
const right: Finding = { type: 'right', ...opened.result };
const wrong: Finding = { type: 'wrong', ...opened.result, group: 0, rule: 'check.sum', chunk: 3, lane: 17 };

function result(): SessionResult {
  return { sid2, resultHash, aggregate, threshold, survivors, verdicts: new Map() };
}

function verdictOf(participant: string, finding: Finding = right) {
  return giveVerdict(session.ports(participant), [], finding).verdict;
}

function heard(...spoken: readonly (readonly [string, Finding])[]): SessionResult {
  return spoken.reduce((so, [from, finding]) => takeVerdict(ports, so, from, verdictOf(from, finding)), result());
}

describe('A release', () => {
  it('takes T of the survivors that found the same sum right', () => {
    expect(threshold).to.equal(4);
    const three = heard(['1', right], ['2', right], ['3', right]);
    expect(tallyOf(ports, three)).to.deep.equal({
      signed: ['1', '2', '3'],
      disputed: [],
      of: 4,
      threshold: 4,
      released: false,
    });
    const four = takeVerdict(ports, three, '4', verdictOf('4'));
    expect(tallyOf(ports, four)).to.include({ released: true });
  });

  it('does not come of a survivor that repeats itself', () => {
    const once = heard(['1', right]);
    expect(takeVerdict(ports, once, '1', verdictOf('1'))).to.equal(once);
    expect(tallyOf(ports, once).signed).to.deep.equal(['1']);
  });

  it('tells who spoke in one order, whoever came first', () => {
    const { signed, disputed } = tallyOf(ports, heard(['3', right], ['1', right], ['4', wrong], ['2', wrong]));
    expect(signed).to.deep.equal(['1', '3']);
    expect(disputed.map(({ participant }) => participant)).to.deep.equal(['2', '4']);
  });

  it('is not helped by a dispute, which is shown with what was found', () => {
    const disputed = heard(['1', right], ['2', right], ['3', right], ['4', wrong]);
    expect(tallyOf(ports, disputed)).to.deep.equal({
      signed: ['1', '2', '3'],
      disputed: [{ participant: '4', group: 0, rule: 'check.sum', chunk: 3, lane: 17 }],
      of: 4,
      threshold: 4,
      released: false,
    });
  });
});

describe('A release of several groups', () => {
  const three = tallyOf(ports, heard(['1', right], ['2', right], ['3', right]));
  const four = tallyOf(ports, heard(['1', right], ['2', right], ['3', right], ['4', right]));

  it('takes T signatures in every group, however many there are in one', () => {
    const short = releaseOf([
      { group: 0, tally: four },
      { group: 2, tally: three },
    ]);
    expect(short).to.deep.equal({
      signed: ['1', '1', '2', '2', '3', '3', '4'],
      disputed: [],
      of: 8,
      threshold: 8,
      released: false,
      groups: [
        { group: 1, signed: ['1', '2', '3', '4'], of: 4, threshold: 4 },
        { group: 3, signed: ['1', '2', '3'], of: 4, threshold: 4 },
      ],
    });
    const enough = releaseOf([
      { group: 0, tally: four },
      { group: 2, tally: four },
    ]);
    expect(enough.released).to.equal(true);
  });

  it('names the group that a dispute is about', () => {
    const tally = tallyOf(ports, heard(['2', { ...wrong, group: 2 }]));
    const { disputed, released } = releaseOf([
      { group: 0, tally: four },
      { group: 2, tally },
    ]);
    expect(disputed).to.deep.equal([{ participant: '2', group: 3, rule: 'check.sum', chunk: 3, lane: 17 }]);
    expect(released).to.equal(false);
  });

  it('tells the disputes of all groups in one order, whatever the groups', () => {
    const orders = [
      ['2', '1'],
      ['1', '2'],
    ] as const;
    for (const spoken of orders) {
      const sums = spoken.map((from, group) => ({ group, tally: tallyOf(ports, heard([from, { ...wrong, group }])) }));
      expect(releaseOf(sums).disputed.map(({ participant }) => participant)).to.deep.equal(['1', '2']);
    }
  });

  it('is of one session where there is one, and speaks of no group', () => {
    const { group: _, ...said } = tallyOf(ports, heard(['1', wrong])).disputed[0]!;
    const tally = tallyOf(ports, heard(['1', wrong]));
    expect(releaseOf([{ group: 0, tally }])).to.deep.equal({ ...tally, disputed: [said] });
  });
});

describe('A verdict that a coordinator takes', () => {
  it('is of a survivor: of nobody whose update is not in the sum, and of no stranger', () => {
    for (const from of ['5', 'mallory']) {
      expect(detailThrownBy(() => takeVerdict(ports, result(), from, verdictOf('5')))).to.deep.equal({
        rule: 'result.survivor',
        required: 'a survivor of this session',
        offered: from,
      });
    }
  });

  it('is given in its own name', () => {
    expect(ruleThrownBy(() => takeVerdict(ports, result(), '2', verdictOf('1')))).to.equal('result.signature');
  });

  it('is the first one, whatever comes later', () => {
    const second = [
      [heard(['1', right]), verdictOf('1', wrong)],
      [heard(['1', wrong]), verdictOf('1', right)],
      [heard(['1', wrong]), verdictOf('1', { ...wrong, lane: 18 } as Finding)],
    ] as const;
    for (const [before, verdict] of second) {
      const take = () => takeVerdict(ports, before, '1', verdict);
      expect(ruleThrownBy(take)).to.equal('conflict');
      const required = before.verdicts.get('1')!.kind;
      expect(detailThrownBy(take)).to.deep.equal({ participant: '1', required, offered: verdict.kind });
    }
  });
});
