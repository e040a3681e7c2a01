import { nodeCrypto } from '@concordat/node';
import { type Attacked, type AttackRule, adversaryOf, Draws, seededRandom } from '@concordat/sim';
import { expect } from 'chai';

const own = [1, -2, 4];
const others = [
  [3, 0, 4],
  [5, 2, 4],
];

function attacked(rule: AttackRule, participants = 10): number[] {
  const question: Attacked = {
    own: Float32Array.from(own),
    colluding: [own, ...others].map((delta) => Float32Array.from(delta)),
    participants,
    draws: new Draws(seededRandom(nodeCrypto, 1, 'attack')),
  };
  return [...adversaryOf(rule).delta!(question)];
}

describe('an adversary', () => {
  it('that flips labels has the last class for the first', () => {
    expect(adversaryOf({ name: 'label-flip' }).relabel!(4)).to.deep.equal([3, 2, 1, 0]);
  });

  it('flips the sign of its delta, scales it, or sends nothing', () => {
    expect(attacked({ name: 'sign-flip', factor: 2 })).to.deep.equal([-2, 4, -8]);
    expect(attacked({ name: 'scale', factor: 10 })).to.deep.equal([10, -20, 40]);
    expect(attacked({ name: 'free-rider' })).to.deep.equal([0, 0, 0]);
  });

  it('sends noise of the deviation asked for, of its own stream', () => {
    const { delta } = adversaryOf({ name: 'gaussian', deviation: 3 });
    const noise = (purpose: string) =>
      delta!({
        own: new Float32Array(10_000),
        colluding: [],
        participants: 10,
        draws: new Draws(seededRandom(nodeCrypto, 1, purpose)),
      });
    const drawn = noise('a');
    expect(Math.sqrt(drawn.reduce((sum, x) => sum + x * x, 0) / drawn.length)).to.be.closeTo(3, 0.1);
    expect(noise('a')).to.deep.equal(drawn);
    expect(noise('b')).to.not.deep.equal(drawn);
  });

  it('of inner product manipulation sends the mean of all of them the other way', () => {
    expect(attacked({ name: 'ipm', factor: 0.5 })).to.deep.equal([-1.5, -0, -2]);
  });

  it('of "a little is enough" sends their mean less z deviations, by hand', () => {
    // n = 10, m = 3: s = ⌊10 ÷ 2 + 1⌋ − 3 = 3; z = Φ⁻¹((7 − 3) ÷ 7) = 0.180012.
    const deviation = Math.sqrt(8 / 3);
    const expected = [3 - 0.180_012 * deviation, 0 - 0.180_012 * deviation, 4];
    for (const [i, value] of attacked({ name: 'alie' }).entries()) expect(value).to.be.closeTo(expected[i]!, 1e-5);
    // n = 20: s = 11 − 3 = 8; z = Φ⁻¹(9 ÷ 17) = 0.073791.
    expect(attacked({ name: 'alie' }, 20)[0]).to.be.closeTo(3 - 0.073_791 * deviation, 1e-5);
  });

  it('of "a little is enough" does its task where there is nobody to hide among', () => {
    expect(attacked({ name: 'alie' }, 3)).to.deep.equal(own);
  });
});
