import { expect } from 'chai';
import { Soak } from './soak.js';

describe('a soaked consortium', function () {
  this.timeout(120_000);

  it('publishes every model while lines are cut and clients start again', async () => {
    const soak = await Soak.open({ clients: 5, rounds: 3, faults: 0.3, seed: 3 });
    try {
      const { outcome, published, cuts, restarts, samples } = await soak.run();
      expect([outcome, published]).to.deep.equal(['completed', 3]);
      expect(cuts, 'lines that were cut').to.be.greaterThan(0);
      expect(restarts, 'clients that started again').to.be.greaterThan(0);
      for (const { residentBytes, descriptors } of samples) {
        expect(residentBytes).to.be.greaterThan(10e6);
        expect(descriptors).to.be.within(10, 200);
      }
    } finally {
      await soak.close();
    }
  });
});
