import { exposureOf, type KeptEntry } from '@concordat/client-sdk';
import type { ParticipationRecord } from '@concordat/core';
import { expect } from 'chai';

const day = 86_400_000;
const sid = new Uint8Array(32);
const left = (round: number, time: string): KeptEntry => ({
  ...{
    seq: round,
    time,
    runId: 'spring',
    round,
    kind: 'masked-update',
    bytes: 1,
    digest: '',
    masked: true,
    socketBytes: 0,
  },
});
const session = (round: number, record: object) =>
  ({ type: 'session', runId: 'spring', round, record }) as unknown as ParticipationRecord;
const opened = (round: number, cohort: number, survivors: number, included = true) => [
  session(round, { type: 'cohort-accepted', sid, participants: Array.from({ length: cohort }, (_, i) => `p${i}`) }),
  session(round, { type: 'survivors-signed', sid2: sid, body: sid, survivors }),
  session(round, { type: 'revealed', sid2: sid, body: sid, included }),
];

describe('what a break-in at the coordinator can have exposed', () => {
  const entries = [
    left(1, '2026-03-01T10:00:00.000Z'),
    left(2, '2026-03-02T10:00:00.000Z'),
    left(3, '2026-03-03T10:00:00.000Z'),
  ];
  const records = [
    ...opened(1, 10, 9),
    ...opened(2, 10, 8),
    session(3, { type: 'cohort-accepted', sid, participants: ['p1', 'p2', 'p3'] }),
  ];
  const from = Date.UTC(2026, 2, 1);
  const of = (options: Partial<Parameters<typeof exposureOf>[2]> = {}) =>
    exposureOf(entries, records, { from, to: from + 3 * day, colluders: 0, ...options });

  it('is the sum of all survivors, less what colluders know', () => {
    expect(of().map(({ learned }) => learned)).to.deep.equal([
      { type: 'sum', of: 9 },
      { type: 'sum', of: 8 },
      { type: 'nothing' },
    ]);
    expect(of({ colluders: 2 }).map(({ learned }) => learned)).to.deep.equal([
      { type: 'sum', of: 7 },
      { type: 'sum', of: 6 },
      { type: 'nothing' },
    ]);
  });

  it('is our update alone when so many members collude as open every mask', () => {
    expect(of({ colluders: 3 })[2]!.learned).to.deep.equal({ type: 'ours' });
    // More than half of ten.
    expect(of({ colluders: 5 })[0]!.learned).to.deep.equal({ type: 'sum', of: 4 });
    expect(of({ colluders: 6 })[0]!.learned).to.deep.equal({ type: 'ours' });
  });

  it('counts what left in the period, its end not included', () => {
    expect(of({ to: Date.UTC(2026, 2, 2, 10) }).map(({ round }) => round)).to.deep.equal([1]);
    expect(of({ from: Date.UTC(2026, 2, 2, 10) }).map(({ round }) => round)).to.deep.equal([2, 3]);
  });

  it('is of the whole cohort that the journal knows, and says when it knows none', () => {
    const [round] = exposureOf(entries, [], { from, to: from + day, colluders: 0 });
    expect(round).to.deep.include({
      cohort: undefined,
      survivors: undefined,
      included: false,
      learned: { type: 'nothing' },
    });
  });

  it('refuses a period that ends before it begins, and colluders that cannot be', () => {
    for (const wrong of [{ to: from }, { colluders: -1 }, { colluders: 257 }, { colluders: 1.5 }]) {
      expect(() => of(wrong))
        .to.throw()
        .with.property('code', 'invalid-argument');
    }
  });
});
