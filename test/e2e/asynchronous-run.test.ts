import { type Trainer, verifyRound } from '@concordat/client-sdk';
import type { PlanDraft } from '@concordat/core';
import { expect } from 'chai';
import { CheckedConsortium } from './checked-consortium.js';

const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo', 'foxtrot'];
const [quick, slow] = [names.slice(0, 3), names.slice(3)];
const minute = 60_000;

const asynchronous: Partial<PlanDraft> = {
  aggregateCheck: 'on',
  transcriptRetention: 4,
  rounds: 3,
  cohort: { min: 3, size: 6 },
  mode: { async: { bufferSize: 3, maxStaleness: 2, stalenessWeight: 'inverse-sqrt' } },
  deadlines: { selectMillis: minute, readyMillis: minute, stepMillis: minute, graceMillis: minute },
};

/** Opened once. */
class Gate {
  open: () => void = () => undefined;
  readonly passed = new Promise<void>((resolve) => {
    this.open = resolve;
  });
}

describe('an asynchronous run with stragglers, over mutual TLS', function () {
  this.timeout(120_000);
  let six: CheckedConsortium;
  before(async () => {
    six = await CheckedConsortium.enrol(names);
  });
  after(() => six.end());

  it('publishes two models without them, and then sums theirs onto the second', async () => {
    const second = new Gate();
    const third = new Gate();
    const plain = six.trainerOf;
    six.trainerOf = (name) => {
      const trainer = plain(name);
      let fits = 0;
      const fit: Trainer['fit'] = async (request) => {
        fits += 1;
        if (slow.includes(name)) await second.passed;
        else if (fits === 3) await third.passed;
        return trainer.fit(request);
      };
      return { ...trainer, fit };
    };
    six.onEvent = (_, event) => {
      if (event.type === 'published' && event.modelVersion === 2) second.open();
      if (event.type === 'published' && event.modelVersion === 3) third.open();
    };
    const { ends, seen } = await six.run(asynchronous);
    const rounds = seen.flatMap((event) => (event.type === 'round' ? [event] : []));
    expect(rounds.map(({ baseModelVersion, survivors }) => [baseModelVersion, survivors])).to.deep.equal([
      [0, quick],
      [1, quick],
      [0, slow],
    ]);
    for (const name of names) expect(ends.get(name), name).to.include({ outcome: 'completed', modelVersion: 3 });
  });

  it('is told to the operator with the model that was trained from', async () => {
    const watched = (await six.operate('run', 'watch', '--run', 'spring')).stdout.split('\n');
    expect(watched.filter((line) => line.includes('published model 3'))[0]).to.contain(
      'round 3: published model 3 of 3 of 3, trained from model 0, ',
    );
    expect(watched.filter((line) => line.includes('published model 2'))[0]).not.to.contain('trained from');
  });

  it('has every member make its model again, the stale one of the current model and 1 ÷ √3 of the mean', async () => {
    const verified = (name: string) =>
      six.events.get(name)!.flatMap((event) => (event.type === 'verified' ? [event.round] : []));
    for (const name of quick) expect(verified(name), name).to.deep.equal([1, 2]);
    for (const name of slow) expect(verified(name), name).to.deep.equal([3]);
    const found = await verifyRound({ directory: six.directoryOf('delta'), session: 'spring/3' });
    expect([found.finding.type, found.model.checked]).to.deep.equal(['right', found.model.of]);
    const { releases } = (await six.consortium.operator.status()).runs[0]!;
    expect(releases.map(({ round, released }) => [round, released])).to.deep.equal([
      [3, true],
      [2, true],
      [1, true],
    ]);
  });
});
