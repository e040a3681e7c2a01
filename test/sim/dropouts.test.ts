import { nodeCrypto } from '@concordat/node';
import { checkScenario, dropouts, type ScenarioInput } from '@concordat/sim';
import { expect } from 'chai';

const leaving = (drops: ScenarioInput['drops'], seed = 1) =>
  dropouts(nodeCrypto, checkScenario({ name: 'x', seed, participants: 100, rounds: 2, drops }));

/** Places that leave a round at a step, ascending. */
const at = (found: ReturnType<typeof leaving>, round: number, step: string) =>
  [...found].flatMap(([place, steps]) => (steps.get(round) === step ? [place] : [])).sort((a, b) => a - b);

describe('the dropouts of a scenario', () => {
  it('are as many as their share says, nobody twice in a round', () => {
    const found = leaving([
      { round: 1, participant: 7, step: 'train' },
      { round: 1, share: 0.2, step: 'upload' },
      { round: 1, share: 0.05, step: 'reveal' },
      { round: 2, share: 0.5, step: 'upload' },
    ]);
    expect(at(found, 1, 'train')).to.deep.equal([7]);
    expect([at(found, 1, 'upload').length, at(found, 1, 'reveal').length]).to.deep.equal([20, 5]);
    expect(at(found, 2, 'upload')).to.have.lengthOf(50);
  });

  it('can be everybody', () => {
    const found = leaving([
      { round: 1, share: 0.99, step: 'upload' },
      { round: 1, participant: 1, step: 'train' },
    ]);
    expect(at(found, 1, 'upload')).to.deep.equal(Array.from({ length: 99 }, (_, i) => i + 2));
  });

  it('follow from the seed', () => {
    const drawn = (seed: number) => at(leaving([{ round: 1, share: 0.3, step: 'upload' }], seed), 1, 'upload');
    expect(drawn(1)).to.deep.equal(drawn(1));
    expect(drawn(1)).to.not.deep.equal(drawn(2));
  });

  it('differ from round to round', () => {
    const found = leaving([
      { round: 1, share: 0.3, step: 'upload' },
      { round: 2, share: 0.3, step: 'upload' },
    ]);
    expect(at(found, 1, 'upload')).to.not.deep.equal(at(found, 2, 'upload'));
  });
});
