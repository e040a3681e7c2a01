import { defaultColluders, thresholdOf, thresholds } from '@concordat/core';
import { expect } from 'chai';
import { detailThrownBy, ruleThrownBy } from '../../support/rules.js';

const limits = { minCohort: 3, maxCohort: 256, minSurvivors: 3 };

describe('Thresholds', () => {
  it('hold for every cohort to 20 and every number of colluders: one certificate, T ≤ n, two honest', () => {
    for (let cohort = 3; cohort <= 20; cohort++) {
      for (let maxColluders = 0; maxColluders <= cohort - 2; maxColluders++) {
        const { threshold, abortQuorum, honestFloor } = thresholds({ cohort, maxColluders, ...limits });
        const name = `n = ${cohort}, c = ${maxColluders}`;
        expect(2 * threshold - cohort, name).to.be.greaterThan(maxColluders);
        expect(threshold, name).to.be.at.most(cohort).and.at.least(3);
        expect(honestFloor, name).to.be.at.least(2);
        // A members who abort and colluders who reveal all the same leave fewer than T shares.
        expect(cohort - abortQuorum + maxColluders, name).to.be.lessThan(threshold);
      }
    }
  });

  it('leave no two certificates and no abort beside an opening, however the honest divide', () => {
    for (let n = 3; n <= 20; n++) {
      for (let c = 0; c <= n - 2; c++) {
        const { threshold, abortQuorum } = thresholds({ cohort: n, maxColluders: c, ...limits });
        // Each honest member answers once: `first` of them one way, the rest the other. Colluders answer both ways.
        for (let first = 0; first <= n - c; first++) {
          const [one, other] = [first + c, n - c - first + c];
          expect(one >= threshold && other >= threshold, `two certificates, n = ${n}, c = ${c}`).to.equal(false);
          expect(one >= abortQuorum && other >= threshold, `abort and reveal, n = ${n}, c = ${c}`).to.equal(false);
        }
        // With one signature less the claim would be false: the quorum is as small as it may be.
        const revealing = n - c - (abortQuorum - 1 - c) + c;
        expect(revealing, `A − 1 would do, n = ${n}, c = ${c}`).to.be.at.least(threshold);
      }
    }
  });

  it('are those of the table: T and the largest c for r dropouts', () => {
    const table: readonly (readonly [number, readonly (readonly [number, number])[]])[] = [
      [3, [[3, 1]]],
      [
        4,
        [
          [4, 2],
          [3, 1],
        ],
      ],
      [
        5,
        [
          [5, 3],
          [4, 2],
          [3, 0],
        ],
      ],
      [
        6,
        [
          [6, 4],
          [5, 3],
          [4, 1],
        ],
      ],
      [
        8,
        [
          [8, 6],
          [7, 5],
          [6, 3],
          [5, 1],
        ],
      ],
      [
        10,
        [
          [10, 8],
          [9, 7],
          [8, 5],
          [7, 3],
          [6, 1],
        ],
      ],
    ];
    for (const [n, cells] of table) {
      cells.forEach(([threshold, colluders], dropouts) => {
        expect(thresholdOf(n, colluders), `n = ${n}, r = ${dropouts}`).to.equal(threshold);
        expect(n - threshold).to.equal(dropouts);
        const more = colluders + 1;
        if (more <= n - 2) expect(n - thresholdOf(n, more), 'one colluder more').to.be.lessThan(dropouts);
      });
    }
  });

  it('assume by default as many colluders as leave a third free to drop out', () => {
    expect([3, 4, 5, 6, 8, 10].map(defaultColluders)).to.deep.equal([1, 1, 2, 3, 3, 3]);
    const dropouts = [3, 4, 5, 6, 8, 10].map((n) => n - thresholdOf(n, defaultColluders(n)));
    expect(dropouts).to.deep.equal([0, 1, 1, 1, 2, 3]);
  });

  it('say that three organizations must all answer', () => {
    expect(thresholds({ cohort: 3, maxColluders: 1, ...limits }).toleratedDropouts).to.equal(0);
    expect(thresholds({ cohort: 4, maxColluders: 1, ...limits }).toleratedDropouts).to.equal(1);
  });

  it('leave T − c honest updates in the smallest sum', () => {
    expect(thresholds({ cohort: 5, maxColluders: 2, ...limits }).honestFloor).to.equal(2);
    expect(thresholds({ cohort: 10, maxColluders: 0, ...limits }).honestFloor).to.equal(6);
  });

  it('say what a cohort that is too small for its colluders would need', () => {
    const few = { cohort: 2, maxColluders: 3, ...limits };
    expect(detailThrownBy(() => thresholds(few))).to.include({ rule: 'cohort.min', required: 5, offered: 2 });
  });

  it('count what the plan demands above T', () => {
    const { survivorsFloor, toleratedDropouts } = thresholds({
      cohort: 10,
      maxColluders: 1,
      ...limits,
      minSurvivors: 8,
    });
    expect([survivorsFloor, toleratedDropouts]).to.deep.equal([8, 2]);
  });

  const refusals: readonly [string, Parameters<typeof thresholds>[0]][] = [
    ['cohort.min', { cohort: 3, maxColluders: 1, ...limits, minCohort: 4 }],
    ['cohort.min', { cohort: 2, maxColluders: 0, ...limits, minCohort: 2 }],
    ['cohort.max', { cohort: 6, maxColluders: 1, ...limits, maxCohort: 5 }],
    ['cohort.max', { cohort: 257, maxColluders: 1, ...limits, maxCohort: 1000 }],
    ['cohort.colluders', { cohort: 4, maxColluders: 3, ...limits }],
    ['cohort.survivors', { cohort: 4, maxColluders: 1, ...limits, minSurvivors: 5 }],
  ];
  for (const [rule, offered] of refusals) {
    it(`refuse ${rule} for n = ${offered.cohort}, c = ${offered.maxColluders}`, () => {
      expect(ruleThrownBy(() => thresholds(offered))).to.equal(rule);
    });
  }
});
