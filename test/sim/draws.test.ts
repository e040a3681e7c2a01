import { nodeCrypto } from '@concordat/node';
import { Draws, seededRandom } from '@concordat/sim';
import { expect } from 'chai';

const draws = (purpose: string) => new Draws(seededRandom(nodeCrypto, 5, purpose));

/** Mean and variance of so many numbers. */
function momentsOf(count: number, draw: () => number) {
  const drawn = Array.from({ length: count }, draw);
  const mean = drawn.reduce((sum, x) => sum + x, 0) / count;
  return { mean, variance: drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count };
}

describe('draws', () => {
  it('of the normal distribution have mean 0 and variance 1', () => {
    const normals = draws('normal');
    const { mean, variance } = momentsOf(20_000, () => normals.normal());
    expect(mean).to.be.closeTo(0, 0.03);
    expect(variance).to.be.closeTo(1, 0.05);
  });

  for (const shape of [0.1, 0.5, 1, 3.5]) {
    it(`of the gamma distribution of shape ${shape} have it as mean and variance`, () => {
      const gammas = draws(`gamma ${shape}`);
      const { mean, variance } = momentsOf(20_000, () => gammas.gamma(shape));
      expect(mean / shape).to.be.closeTo(1, 0.1);
      expect(variance / shape).to.be.closeTo(1, 0.2);
    });
  }

  it('of Dir(α) sum to 1, and have the variance of one share', () => {
    const shares = draws('dirichlet');
    const [alpha, count] = [0.5, 10];
    const { mean, variance } = momentsOf(5_000, () => {
      const drawn = shares.dirichlet(alpha, count);
      expect(drawn.reduce((sum, x) => sum + x, 0)).to.be.closeTo(1, 1e-9);
      return drawn[3]!;
    });
    // Mean 1/K, variance (1/K)(1 − 1/K) / (αK + 1).
    expect(mean).to.be.closeTo(0.1, 0.01);
    expect(variance).to.be.closeTo(0.09 / 6, 0.002);
  });

  it('of Dir(α) give all to one when α is nearly nothing', () => {
    const drawn = draws('tiny').dirichlet(1e-6, 10);
    expect(Math.max(...drawn)).to.be.closeTo(1, 1e-9);
    expect(drawn.reduce((sum, x) => sum + x, 0)).to.be.closeTo(1, 1e-9);
  });

  it('shuffle without losing anything, in any order as likely as another', () => {
    const places = draws('shuffle');
    const first = [0, 0, 0, 0];
    for (let i = 0; i < 8_000; i++) {
      const shuffled = places.shuffled([0, 1, 2, 3]);
      expect([...shuffled].sort()).to.deep.equal([0, 1, 2, 3]);
      first[shuffled[0]!]!++;
    }
    for (const count of first) expect(count).to.be.closeTo(2_000, 200);
  });
});
