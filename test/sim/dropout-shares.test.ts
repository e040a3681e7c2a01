import { type DropStep, dropSteps, simulate } from '@concordat/sim';
import { expect } from 'chai';

const participants = 10;
/** T for c = 1: four of ten may be lost. */
const threshold = 6;

/** One round in which so many leave at `step`, every second one first. */
function play(step: DropStep, lost: number) {
  const drops = Array.from({ length: lost }, (_, i) => ({ round: 1, participant: 1 + ((2 * i) % 9), step }));
  return simulate({
    name: 'shares',
    seed: lost,
    participants,
    rounds: 1,
    // Nobody is chosen anew: whoever is lost is missing.
    cohort: { min: threshold, size: participants, max: participants },
    maxColluders: 1,
    parameters: 40,
    retries: 0,
    drops,
  });
}

describe('from none to half of a cohort of ten', function () {
  this.timeout(120_000);

  for (const step of dropSteps) {
    it(`may be lost at ${step}: the sum is exactly the survivors’, or nothing is opened`, () => {
      for (const percent of [0, 10, 20, 30, 40, 50]) {
        const lost = (participants * percent) / 100;
        const { outcome, rounds } = play(step, lost);
        const [round] = rounds;
        const what = `${percent} % at ${step}`;
        // Certified with them: the sum is theirs too, and waits until enough are back to reveal.
        const counted = step === 'certify' || step === 'reveal' ? participants : participants - lost;
        if (participants - lost >= threshold || step === 'reveal') {
          expect([outcome, round!.exact], what).to.deep.equal(['completed', true]);
          expect(round!.survivors, what).to.have.lengthOf(counted);
        } else {
          expect([outcome, round!.exact], what).to.deep.equal(['aborted', undefined]);
          expect(round!.survivors, what).to.deep.equal([]);
        }
      }
    });
  }
});
