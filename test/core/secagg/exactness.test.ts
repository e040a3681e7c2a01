import { awaited, cohortOf, defaultColluders, dropped, type SessionStep, survivors, thresholds } from '@concordat/core';
import { expect } from 'chai';
import { InMemorySession } from '../../support/session.js';

const steps: readonly SessionStep[] = ['advertise', 'share', 'confirm', 'upload', 'certify', 'reveal'];
const late: readonly SessionStep[] = ['certify', 'reveal'];

function numbersFor(n: number) {
  const maxColluders = defaultColluders(n);
  return { maxColluders, ...thresholds({ cohort: n, maxColluders, minCohort: 3, maxCohort: n, minSurvivors: 3 }) };
}

/** `lost` participants, chosen from both ends of the cohort, silent from `step` on. */
function lose(n: number, lost: number, step: (index: number) => SessionStep): ReadonlyMap<string, SessionStep> {
  const order = Array.from({ length: n }, (_, i) => String(i % 2 === 0 ? n - i / 2 : (i + 1) / 2));
  return new Map(order.slice(0, lost).map((id, index) => [id, step(index)]));
}

function opensExactly(session: InMemorySession, silent: ReadonlyMap<string, SessionStep>): void {
  session.run();
  const remaining = session.ids.filter((id) => !silent.has(id) || late.includes(silent.get(id)!));
  expect([...survivors(session.aggregator)].sort(), 'U3').to.deep.equal([...remaining].sort());
  expect(session.opened!.map((lanes) => [...lanes])).to.deep.equal(session.sumOf(remaining));
  expect(session.sum!.recovered.every((id) => silent.get(id) === 'upload')).to.equal(true);
  expect(session.refusals).to.deep.equal([]);
}

describe('A session', () => {
  for (let n = 3; n <= 12; n++) {
    const { maxColluders, toleratedDropouts, abortQuorum } = numbersFor(n);

    it(`of ${n} opens exactly everybody's sum`, () => {
      opensExactly(new InMemorySession({ participants: n, maxColluders, seed: n }), new Map());
    });

    for (const step of steps) {
      // A cohort that lost some before it was formed is smaller: the plan's minimum and c decide.
      const cohort = step === 'advertise' ? n - toleratedDropouts : n;
      if (toleratedDropouts === 0 || cohort < Math.max(3, maxColluders + 2)) continue;
      it(`of ${n} opens exactly the survivors' sum with ${toleratedDropouts} lost at ${step}`, () => {
        const silentFrom = lose(n, toleratedDropouts, () => step);
        opensExactly(new InMemorySession({ participants: n, maxColluders, seed: n, silentFrom }), silentFrom);
      });
    }

    it(`of ${n} opens it with the losses spread over the steps`, () => {
      const silentFrom = lose(n, toleratedDropouts, (index) => steps.slice(1)[index % 5]!);
      opensExactly(new InMemorySession({ participants: n, maxColluders, seed: 100 + n, silentFrom }), silentFrom);
    });

    for (const step of ['share', 'confirm', 'upload', 'certify', 'reveal'] as const) {
      it(`of ${n} opens nothing when one more is lost at ${step}: it is abandoned, aborted, or waits for reveals`, () => {
        const silentFrom = lose(n, toleratedDropouts + 1, () => step);
        const session = new InMemorySession({ participants: n, maxColluders, seed: 200 + n, silentFrom }).run();
        const enough = n - toleratedDropouts - 1 >= abortQuorum ? 'aborted' : 'aborting';
        const ends = { share: 'abandoned', confirm: 'abandoned', upload: enough, certify: enough, reveal: 'reveal' };
        expect(session.aggregator.phase).to.equal(ends[step]);
        expect(session.sum).to.equal(undefined);
        expect([...awaited(session.aggregator)].sort()).to.deep.equal(
          step === 'reveal' ? [...silentFrom.keys()].sort() : [],
        );
        const reveals = session.replies.filter(({ frame }) => frame.type === 'reveal');
        if (step !== 'reveal') expect(reveals, 'nobody revealed').to.deep.equal([]);
      });
    }
  }

  it('never opens a sum of two', () => {
    const silentFrom = new Map<string, SessionStep>([['3', 'upload']]);
    const session = new InMemorySession({ participants: 3, maxColluders: 0, silentFrom }).run();
    expect(session.aggregator.phase).to.equal('aborted');
    expect(session.sum).to.equal(undefined);
  });

  it('keeps to the survivors a plan demands above T', () => {
    const silentFrom = new Map<string, SessionStep>([['3', 'upload']]);
    const session = new InMemorySession({ participants: 5, maxColluders: 1, minSurvivors: 5, silentFrom }).run();
    expect(session.aggregator.phase).to.equal('aborted');
  });

  it('orders ids as bytes and keeps "1" and "11" apart', () => {
    const session = new InMemorySession({ participants: 4, ids: ['2', '11', '1', '10'] });
    opensExactly(session, new Map());
    expect(cohortOf(session.aggregator)).to.deep.equal(['1', '10', '11', '2']);
  });

  it('names who was lost, at which step', () => {
    const silentFrom = new Map<string, SessionStep>([
      ['2', 'share'],
      ['5', 'upload'],
    ]);
    const session = new InMemorySession({ participants: 7, maxColluders: 1, silentFrom }).run();
    expect(dropped(session.aggregator).map(({ participant, step }) => [participant, step])).to.deep.equal([
      ['2', 'share'],
      ['5', 'upload'],
    ]);
    expect(session.sum!.recovered).to.deep.equal(['5']);
  });

  it('goes on at once when everyone still awaited has answered', () => {
    const session = new InMemorySession({ participants: 5, maxColluders: 1 });
    session.toAggregator({ type: 'absent', from: '4', reason: 'declined' });
    // run() would throw if the step waited for its deadline with nobody left to wait for.
    expect(awaited(session.run().aggregator)).to.deep.equal([]);
    expect(survivors(session.aggregator)).to.deep.equal(['1', '2', '3', '5']);
  });
});
