import { expect } from 'chai';
import { describePostgres, sharedPostgres } from '../support/postgres.js';
import { FailoverPair, type Loss, type Phase } from './failover-pair.js';

/** By the lease of 15 s, a look each second, and the start on what is there. */
const takeoverMillisMax = 20_000;

describePostgres('two coordinators on one database', function () {
  this.timeout(180_000);
  let pair: FailoverPair;

  before(async () => {
    pair = await FailoverPair.open(await sharedPostgres());
  });

  after(() => pair?.close());

  const cases: readonly (readonly [Phase, Loss, string, string | number])[] = [
    ['certify', 'SIGTERM', 'told to stop', 0],
    ['upload', 'SIGKILL', 'killed', 'SIGKILL'],
    // It wakes up when another one leads, and finds that it may write nothing any more.
    ['reveal', 'SIGSTOP', 'stopped and woken', 2],
    // It leads no more ten seconds after it last heard of its database.
    ['upload', 'partition', 'cut off from the database', 2],
  ];
  for (const [phase, loss, how, end] of cases) {
    it(`go on with a round whose leader is ${how} in ${phase}: in time, exactly, with nothing of the old one behind`, async () => {
      const { takeoverMillis, oldLeader, survivors, violations } = await pair.lose(phase, loss);
      expect(violations).to.deep.equal([]);
      expect(survivors).to.have.lengthOf(5);
      expect(oldLeader).to.equal(end);
      expect(takeoverMillis).to.be.below(loss === 'SIGTERM' ? 6_000 : takeoverMillisMax);
    });
  }
});
