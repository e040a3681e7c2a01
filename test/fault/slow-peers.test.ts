import { performance } from 'node:perf_hooks';
import { expect } from 'chai';
import { names } from '../hostile/consortium.js';
import { ExactConsortium } from './exact-consortium.js';
import { type Direction, TcpProxy } from './tcp-proxy.js';

const [readyMillis, stepMillis, graceMillis] = [20_000, 10_000, 500];
/** Of what the design allows beyond a deadline. */
const slackMillis = 5_000;
/** Within the base model of 66 KB, and within the masked vector of 49 KB. */
const afterBytes = 30_000;

describe('a line of one byte a second', function () {
  this.timeout(120_000);
  let consortium: ExactConsortium;

  before(async () => {
    consortium = await ExactConsortium.open();
  });
  afterEach(() => consortium.rest());
  after(() => consortium.close());

  for (const [direction, what, limitMillis] of [
    ['down', 'under the model that a participant fetches', readyMillis],
    ['up', 'under the vector that a participant sends', stepMillis],
  ] as const satisfies readonly (readonly [Direction, string, number])[]) {
    it(`${what} holds nobody up longer than the deadline, and it is in a sum again when the line is a better one`, async () => {
      await consortium.start();
      const [slow] = names;
      const proxy = await TcpProxy.listen(consortium.coordinator.port);
      proxy.order({ [direction]: { throttle: { afterBytes, bytesPerSecond: 1, bytes: 1e9 } } });
      const deadlines = { selectMillis: 30_000, readyMillis, stepMillis, graceMillis };
      const run = await consortium.begin({ rounds: 3, reportingGoal: 4, deadlines });
      let begunAt = 0;
      let firstMillis = 0;
      let passed = 0;
      const watched = consortium.watch(run, (event) => {
        if (event.type === 'phase' && event.phase === (direction === 'down' ? 'train' : 'upload') && begunAt === 0) {
          begunAt = performance.now();
        }
        if (event.type !== 'round' || firstMillis > 0) return;
        firstMillis = performance.now() - begunAt;
        passed = proxy.passed[0]![direction];
        proxy.cut();
      });
      const address = `127.0.0.1:${proxy.port}`;
      const ends = await consortium.takePart((name) => (name === slow ? { address } : {}));
      await watched;
      await proxy.close();
      expect(ends).to.deep.equal(Array(5).fill('completed'));
      // It was slow, not silent; a round that is over within a second saw none of its bytes.
      expect(passed).to.be.within(afterBytes, afterBytes + 30);
      expect(firstMillis).to.be.below(limitMillis + slackMillis);
      const { rounds, wrongLanes } = await consortium.outcome(run);
      const [first, , last] = rounds.map(({ outcome, survivors }) => `${outcome} ${survivors.join(' ')}`);
      expect(first).to.equal(`published ${names.slice(1).join(' ')}`);
      expect(last).to.equal(`published ${names.join(' ')}`);
      expect(wrongLanes).to.equal(0);
    });
  }
});
