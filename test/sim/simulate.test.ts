import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type DropStep,
  dropSteps,
  parseScenario,
  type ScenarioInput,
  type SimulationResult,
  simulate,
} from '@concordat/sim';
import { expect } from 'chai';

/** T for a cohort of n with c colluders. */
const thresholdOf = (n: number, c: number) => Math.max(3, Math.floor((n + c) / 2) + 1);

function session(n: number, over: Partial<ScenarioInput> = {}): SimulationResult {
  return simulate({
    name: 'session',
    seed: n,
    participants: n,
    rounds: 1,
    cohort: { min: 3, size: n, max: n },
    maxColluders: Math.min(1, n - 2),
    parameters: 40,
    retries: 0,
    ...over,
  });
}

/** Cohorts to try: all up to twelve in the width most plans use, three sizes in the others. */
const sizes = (bits: number, least: number) =>
  bits === 24 ? Array.from({ length: 13 - least }, (_, i) => least + i) : [least, 7, 12];

/** The rounds that trained. */
const trained = ({ rounds }: SimulationResult) => rounds.filter(({ kind }) => kind === 'train');

const dropped = (participants: readonly number[], step: DropStep) =>
  participants.map((participant) => ({ round: 1, participant, step }));

describe('the sum of a simulated session', function () {
  this.timeout(120_000);
  for (const bits of [16, 24, 32] as const) {
    it(`equals the integer sum of the survivors, lane for lane, for cohorts up to 12 in ${bits} bits`, () => {
      for (const n of sizes(bits, 3)) {
        const { rounds, exact } = session(n, { bits });
        expect(exact, `n = ${n}`).to.equal(true);
        expect(rounds.map(({ kind, survivors }) => [kind, survivors.length])).to.deep.equal([
          ['train', n],
          ['evaluate', n],
        ]);
        expect(rounds.map(({ lanes }) => lanes)).to.deep.equal([40 + 1 + 2, 2]);
      }
    });

    it(`equals it as well where updates are rotated, which never clips a lane, in ${bits} bits`, () => {
      const rotated = session(5, { bits, parameters: 3000, rotation: 'hadamard', drops: dropped([2], 'upload') });
      const plain = session(5, { bits, parameters: 3000, rotation: 'none', drops: dropped([2], 'upload') });
      expect([rotated.exact, rotated.outcome]).to.deep.equal([true, 'completed']);
      expect(rotated.rounds.map(({ lanes }) => lanes)).to.deep.equal([3000 + 1 + 1 + 2, 2]);
      expect(rotated.rounds.map(({ excess }) => excess)).to.deep.equal([0, undefined]);
      expect(plain.rounds.map(({ lanes }) => lanes)).to.deep.equal([3000 + 1 + 2, 2]);
    });

    for (const step of dropSteps) {
      it(`is exact without those who leave at ${step}, in ${bits} bits`, () => {
        for (const n of sizes(bits, 4)) {
          const tolerated = n - thresholdOf(n, 1);
          const lost = Array.from({ length: tolerated }, (_, i) => 1 + ((3 * i) % n)).filter(
            (p, i, all) => all.indexOf(p) === i,
          );
          const { rounds, exact, outcome } = session(n, { bits, drops: dropped(lost, step) });
          expect([outcome, exact], `n = ${n}, ${lost.length} lost`).to.deep.equal(['completed', true]);
          const inSum = step === 'certify' || step === 'reveal' ? n : n - lost.length;
          expect(rounds[0]!.survivors, `n = ${n}`).to.have.lengthOf(inSum);
          if (step === 'upload') expect(rounds[0]!.recovered).to.have.lengthOf(lost.length);
        }
      });
    }
  }
});

describe('a session with fewer than T participants left', function () {
  this.timeout(120_000);
  for (const step of dropSteps) {
    const end = step === 'reveal' ? 'waits for them' : 'is abandoned, and nothing is unmasked,';
    it(`${end} when they leave at ${step}`, () => {
      for (const n of [3, 4, 7, 12]) {
        const lost = Array.from({ length: n - thresholdOf(n, 1) + 1 }, (_, i) => i + 1);
        const { rounds, outcome } = session(n, { cohort: { min: 3, size: n, max: n }, drops: dropped(lost, step) });
        const left = n - lost.length;
        // Certified before they left: the sum is waited for until they are back.
        if (step === 'reveal') {
          expect([outcome, rounds[0]!.exact], `n = ${n}`).to.deep.equal(['completed', true]);
          expect(rounds[0]!.survivors).to.have.lengthOf(n);
          continue;
        }
        // Lost before the session: those who are left can be a smaller session of their own.
        const smaller = (step === 'train' || step === 'advertise') && left >= 3 && left >= thresholdOf(left, 1);
        expect(outcome, `n = ${n}`).to.equal(smaller ? 'completed' : 'aborted');
        expect(rounds[0]!.exact, `n = ${n}`).to.equal(smaller ? true : undefined);
      }
    });
  }
});

describe('a simulated run', () => {
  const scenario: ScenarioInput = {
    name: 'run',
    seed: 9,
    participants: 5,
    rounds: 4,
    parameters: 100,
    drops: [
      { round: 2, participant: 3, step: 'upload' },
      { round: 3, participant: 5, step: 'reveal' },
    ],
  };

  it('repeats bit for bit from its seed', () => {
    expect(simulate(scenario)).to.deep.equal(simulate(scenario));
  });

  it('takes back who was lost in an earlier round', () => {
    const result = simulate(scenario);
    const rounds = trained(result);
    expect(result.outcome).to.equal('completed');
    expect(rounds.map(({ survivors }) => survivors.length)).to.deep.equal([5, 4, 5, 5]);
    expect(rounds[1]!.dropped.map(({ participant, step }) => [participant, step])).to.deep.equal([['p3', 'upload']]);
    expect(rounds[1]!.dropped[0]!.bytesReceived).to.be.within(1, rounds[1]!.dropped[0]!.bytesExpected - 1);
  });

  it('counts what every step sends', () => {
    const { rounds } = simulate(scenario);
    const { traffic } = rounds[0]!;
    expect(traffic.advertise!.messages).to.equal(5);
    expect(traffic['masked vector']!.messages).to.equal(5);
    expect(traffic.reveal!.messages).to.equal(5);
  });
});

describe('a thousand in groups, at a tenth of the size', function () {
  this.timeout(120_000);
  const path = resolve(import.meta.dirname, '../../../sim/scenarios/thousand-in-groups.yaml');
  const whole = parseScenario(readFileSync(path, 'utf8'), path);
  const { cohort, reportingGoal, minSurvivors, maxColluders } = whole;
  const scenario = {
    ...whole,
    participants: 100,
    parameters: 100,
    cohort: { min: cohort.min / 10, size: 100, max: Math.ceil(cohort.max / 10) },
    reportingGoal: Math.floor(reportingGoal / 10),
    minSurvivors: Math.ceil(minSurvivors / 10),
    maxColluders: Math.floor(maxColluders / 10),
  };
  let result: SimulationResult;

  before(() => {
    result = simulate(scenario);
  });

  it('is exact in every group, with those that are lost before the upload taken out of the sum', () => {
    const [round] = result.rounds;
    expect([result.outcome, result.exact, round!.groups!.length]).to.deep.equal(['completed', true, 4]);
    expect(round!.groups!.map(({ outcome }) => outcome.type)).to.deep.equal(new Array(4).fill('opened'));
    expect(round!.lanes).to.equal(4 * (100 + 1));
    const early = round!.dropped.filter(({ step }) => step !== 'certify' && step !== 'reveal').length;
    expect(early).to.be.within(23, 24);
    expect(round!.survivors.length).to.equal(100 - early);
  });

  it('verifies each signature once, however many ask', () => {
    const { asked, computed } = result.verifications;
    expect(asked).to.be.greaterThan(5 * computed);
    // Nobody signs more than twelve statements in a round, and the coordinator one for each answer.
    expect(computed).to.be.within(400, 24 * 100);
  });
});

describe('an asynchronous simulated run', () => {
  const result = simulate({
    name: 'asynchronous',
    participants: 12,
    rounds: 8,
    parameters: 100,
    cohort: { min: 3, size: 12, max: 12 },
    mode: { async: { bufferSize: 4, maxStaleness: 4, stalenessWeight: 'inverse-sqrt' } },
    trainMillis: { min: 1000, max: 9000 },
    drops: [{ round: 3, participant: 2, step: 'train' }],
  });
  const trained = result.rounds.filter(({ kind, outcome }) => kind === 'train' && outcome.type === 'published');

  it('is exact in every round, stale ones among them', () => {
    expect([result.outcome, result.exact, trained.length]).to.deep.equal(['completed', true, 8]);
    const stale = trained.map(({ outcome, baseModelVersion }) =>
      outcome.type === 'published' ? outcome.modelVersion - 1 - baseModelVersion : Number.NaN,
    );
    expect(Math.min(...stale)).to.equal(0);
    expect(Math.max(...stale)).to.be.within(1, 4);
  });

  it('has nobody in two sums on one model', () => {
    const seen = trained.flatMap(({ baseModelVersion, survivors }) =>
      survivors.map((name) => `${baseModelVersion} ${name}`),
    );
    expect(new Set(seen).size).to.equal(seen.length);
  });
});
