import { FederatedError, type Finding, type ParticipationEffect, type ParticipationRecord } from '@concordat/core';
import { expect } from 'chai';
import { examplePlan, measuredPlan } from '../example-plan.js';
import { effectName, RoundTable } from '../round-table.js';

const name = 'beta';
const resultHash = new Uint8Array(32).fill(9);

type Check = Extract<ParticipationEffect, { type: 'check-result' }>;

/** A run of five from the side of one of them. */
class Checked {
  readonly table: RoundTable;

  constructor(table = new RoundTable({ plan: examplePlan() }).start()) {
    this.table = table;
  }

  get journal(): readonly ParticipationRecord[] {
    return this.table.chairs.get(name)!.journal;
  }

  get checks(): readonly Check[] {
    const { effects } = this.table.chairs.get(name)!;
    return effects.flatMap((effect) => (effect.type === 'check-result' ? [effect] : []));
  }

  /** Rounds whose sums it was asked to check, and what else it did, by name, since `step`. */
  since(step: () => unknown): readonly ParticipationEffect[] {
    const { effects } = this.table.chairs.get(name)!;
    const before = effects.length;
    step();
    return effects.slice(before);
  }

  finding(round: number, differs?: { readonly chunk: number }): Finding {
    const { sid2 } = this.checks.find((check) => check.round === round)!.own;
    const result = { sid2, resultHash, aggregateHash: resultHash };
    if (differs === undefined) return { type: 'right', ...result };
    return { type: 'wrong', ...result, group: 0, rule: 'check.sum', chunk: differs.chunk, lane: 17 };
  }

  found(round: number, differs?: { readonly chunk: number }): readonly ParticipationEffect[] {
    const error = new FederatedError('verification', 'not the sum', { detail: { rule: 'check.sum' } });
    const finding = this.finding(round, differs);
    const event = { type: 'result-checked', runId: 'run-1', round, finding } as const;
    return this.since(() => this.table.participant(name, differs === undefined ? event : { ...event, error }));
  }

  settled(round: number): readonly ParticipationEffect[] {
    return this.since(() => this.table.participant(name, { type: 'result-settled', runId: 'run-1', round }));
  }

  restart(): readonly ParticipationEffect[] {
    return this.since(() => this.table.kill(name).connect(name));
  }
}

const names = (effects: readonly ParticipationEffect[]) => effects.map(effectName);
const checksOf = (effects: readonly ParticipationEffect[]) =>
  effects.flatMap((effect) => (effect.type === 'check-result' ? [effect.round] : []));

describe('A participant whose update is in a published sum', () => {
  it('has every sum checked once, with the model that was published with it, and goes on meanwhile', () => {
    const { checks, table } = new Checked();
    expect(checks.map(({ round }) => round)).to.deep.equal([1, 2]);
    const published = table.rounds.map(({ outcome }) => (outcome.type === 'published' ? outcome.modelHash : undefined));
    expect(checks.map(({ published: told }) => told?.modelHash)).to.deep.equal(published);
  });

  it('has the measured sum of the last model checked as well', () => {
    const { checks } = new Checked(new RoundTable({ plan: measuredPlan({ rounds: 1 }) }).start());
    expect(checks.map(({ round, published }) => [round, published === undefined])).to.deep.equal([
      [1, false],
      [2, true],
    ]);
  });

  it('checks nothing where the plan says so', () => {
    const { checks } = new Checked(new RoundTable({ plan: examplePlan({ aggregateCheck: 'off', rounds: 1 }) }).start());
    expect(checks.map(({ round }) => round)).to.deep.equal([]);
  });

  it('journals its verdict before it tells it', () => {
    const alone = new Checked();
    const told = alone.found(1);
    expect(names(told)).to.deep.equal(['journal result-signed', 'tell-verdict', 'report']);
    expect(names(alone.settled(1))).to.deep.equal(['journal result-settled']);
  });

  it('says the same again after it was killed, until the coordinator has it, and then no more', () => {
    const alone = new Checked();
    const before = alone.found(1).flatMap((effect) => (effect.type === 'tell-verdict' ? [effect.verdict] : []));
    const after = alone.restart();
    const again = after.flatMap((effect) => (effect.type === 'tell-verdict' ? [effect.verdict] : []));
    expect(again).to.deep.equal(before);
    expect(checksOf(after)).to.deep.equal([2]);
    alone.settled(1);
    alone.settled(2);
    expect(names(alone.restart()).filter((effect) => /check|verdict/.test(effect))).to.deep.equal([]);
  });

  it('signs one verdict, whether it is killed before the journal or behind it', () => {
    for (const point of ['journal result-signed', 'tell-verdict']) {
      const alone = new Checked();
      alone.table.dying.add(`${name}/${point}`);
      alone.found(1);
      alone.table.connect(name);
      if (point.startsWith('journal')) alone.found(1);
      const signed = alone.journal.filter(
        (record) => record.type === 'session' && record.record.type === 'result-signed',
      );
      expect(signed, point).to.have.length(1);
    }
  });

  it('tries again later what could not be checked now', () => {
    const alone = new Checked();
    const reconnect = () => alone.since(() => alone.table.disconnect(name).connect(name));
    expect(checksOf(reconnect())).to.deep.equal([]);
    alone.table.participant(name, { type: 'result-postponed', runId: 'run-1', round: 2 });
    expect(checksOf(reconnect())).to.deep.equal([2]);
  });

  it('has nothing to check when its update came too late for the sum, or the session was abandoned', () => {
    const lost = new RoundTable({ plan: examplePlan({ rounds: 1 }) });
    lost.withheld.add(`${name}/upload`);
    const late = new Checked(lost.start().pass(200_000));
    expect(late.table.rounds[0]!.survivors).to.not.include(name);
    expect(checksOf(late.restart())).to.deep.equal([]);
  });
});

describe('A participant that finds a sum wrong', () => {
  it('signs a dispute, refuses by name, leaves the run, and stops with the error', () => {
    const alone = new Checked(new RoundTable({ plan: examplePlan({ rounds: 9 }) }).start());
    const done = alone.found(1, { chunk: 3 });
    expect(names(done)).to.include.members(['journal disputed', 'journal refused', 'refuse', 'tell-verdict']);
    const told = done.find((effect) => effect.type === 'tell-verdict')!;
    expect(told.type === 'tell-verdict' && told.verdict.kind).to.equal('disputed');
    expect(told.type === 'tell-verdict' && told.error?.detail.rule).to.equal('check.sum');
    const journalled = names(done).indexOf('journal disputed');
    expect(journalled).to.be.below(names(done).indexOf('tell-verdict'));
  });

  it('takes no part in that run any more, also after a restart', () => {
    const alone = new Checked();
    alone.found(1, { chunk: 3 });
    alone.restart();
    const { table } = alone;
    const offered = alone.since(() =>
      table.participant(name, { type: 'message', message: { type: 'run', ...table.offer() } }),
    );
    expect(names(offered)).to.deep.equal(['journal refused', 'refuse', 'decline']);
    expect(offered.flatMap((effect) => (effect.type === 'refuse' ? [effect.error.detail.rule] : []))).to.deep.equal([
      'result.disputed',
    ]);
  });
});
