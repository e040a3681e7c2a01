import { type EndedRound, forkedPlan, mayTrainFrom } from '@concordat/coordinator';
import { hashPlan, toBase64url, toHex } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { examplePlan } from '../../core/round/example-plan.js';
import { detailThrownBy } from '../../support/rules.js';

const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta', 'iota'];
const roster = new Map(names.map((name) => [name, `${name} ltd`]));
const plan = examplePlan({ rounds: 5, cohort: { min: 4, size: 5 } });
const planHash = hashPlan(nodeCrypto, plan);
const hashOf = (version: number) => toHex(new Uint8Array(32).fill(version));

const ended = (round: number, over: Partial<EndedRound> = {}): EndedRound => ({
  round,
  kind: 'train',
  outcome: 'published',
  reason: '',
  modelVersion: round,
  baseModelVersion: round - 1,
  modelHash: hashOf(round),
  cohort: names.slice(0, 5),
  survivors: names.slice(0, 4),
  dropped: [],
  recovered: [],
  seconds: 1,
  phases: { train: 1, certify: 1 },
  metrics: [],
  ...over,
});

const point = (round: EndedRound, ...later: readonly EndedRound[]) =>
  ({ run: 'run-1', planHash, plan, round, later, roster }) as const;

describe('a run that is forked', () => {
  it('goes on from the model of that round, for as many as were left, and names its parent', () => {
    const { plan: forked, barred, modelVersion } = forkedPlan(point(ended(2)), { run: 'run-2' });
    expect([forked.run, forked.rounds, forked.parent]).to.deep.equal(['run-2', 3, toBase64url(planHash)]);
    expect(forked.task.model.weightsDigest).to.equal(toBase64url(new Uint8Array(32).fill(2)));
    expect([barred, modelVersion]).to.deep.equal([[], 2]);
    const { run: _run, rounds: _rounds, parent: _parent, task: _task, ...rest } = forked;
    expect(plan).to.deep.include(rest);
  });

  it('says what else is asked for, and publishes at least one model', () => {
    const terms = { run: 'run-2', purpose: 'to compare', expires: '2032-01-01T00:00:00Z' };
    const { plan: forked } = forkedPlan(point(ended(5)), terms);
    expect([forked.rounds, forked.purpose, forked.approval.expires]).to.deep.equal([1, terms.purpose, terms.expires]);
    expect(forkedPlan(point(ended(1)), { run: 'run-2', rounds: 9 }).plan.rounds).to.equal(9);
  });

  it('is without those who took part in a sum on that model, opened or given up', () => {
    const sum = ended(3, { survivors: ['alpha', 'beta', 'gamma'] });
    const lost = { step: 'upload', reason: '', bytesReceived: 0, bytesExpected: 0 };
    const givenUp = ended(4, {
      outcome: 'abandoned',
      baseModelVersion: 2,
      survivors: [],
      cohort: ['delta', 'epsilon', 'zeta'],
      dropped: [
        { participant: 'delta', ...lost },
        { participant: 'zeta', ...lost, step: 'reveal' },
      ],
    });
    const early = ended(5, { outcome: 'abandoned', baseModelVersion: 2, cohort: ['eta'], phases: { train: 1 } });
    const { barred } = forkedPlan(point(ended(2), sum, early), { run: 'run-2' });
    expect(barred).to.deep.equal(['alpha', 'beta', 'gamma']);
    expect(forkedPlan(point(ended(2), sum, givenUp, early), { run: 'run-2' }).barred).to.deep.equal([
      'alpha',
      'beta',
      'epsilon',
      'gamma',
      'zeta',
    ]);
  });

  it('is refused when too few organizations are left, with how many and what to do', () => {
    const sum = ended(3, { survivors: names.slice(0, 6) });
    const detail = detailThrownBy(() => forkedPlan(point(ended(2), sum), { run: 'run-2' }));
    expect(detail).to.include({ rule: 'fork.barred', required: 4, offered: 3 });
  });

  it('is not hindered by rounds on other models, or that only measured', () => {
    const later = [ended(4), ended(3, { kind: 'evaluate', outcome: 'evaluated', baseModelVersion: 2 })];
    expect(forkedPlan(point(ended(2), ...later), { run: 'run-2' }).barred).to.deep.equal([]);
  });

  it('needs a round that published', () => {
    const detail = detailThrownBy(() => forkedPlan(point(ended(2, { outcome: 'abandoned' })), { run: 'run-2' }));
    expect(detail).to.include({ rule: 'fork.round', offered: 'abandoned' });
  });

  it('looks as far as a later round may train from that model', () => {
    expect([3, 4].map((round) => mayTrainFrom(plan, 2, ended(round)))).to.deep.equal([true, false]);
    const mode = { async: { bufferSize: 4, maxStaleness: 2, stalenessWeight: 'none' } } as const;
    const stale = examplePlan({ mode });
    expect([5, 6].map((round) => mayTrainFrom(stale, 2, ended(round)))).to.deep.equal([true, false]);
  });
});
