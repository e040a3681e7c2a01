import { expect } from 'chai';
import { FaultTimes } from './fault-times.js';

// How long it takes is measured by the command: npm run faults:times.
describe('a peer that is dead, and a line that is half open,', function () {
  this.timeout(300_000);
  let times: FaultTimes;

  before(async () => {
    times = await FaultTimes.open();
    await times.run();
  });
  after(() => times.close());

  it('are noticed on both sides, and all come back', () => {
    expect(times.found.map(({ what }) => what)).to.deep.equal([
      'a half-open line, noticed by the participant',
      'a half-open line, noticed by the coordinator',
      'a participant back after its line was',
      'a stopped coordinator, noticed by the last participant',
      'all participants back after it goes on',
      'a killed coordinator, noticed by the last participant',
      'all participants back after the coordinator is',
      'SIGTERM of the coordinator in an upload, to its exit',
      'all participants told to leave, to their end',
    ]);
  });

  it('cost no round, and a coordinator that is told to end does so well in the middle of one', () => {
    expect(times.violations).to.deep.equal([]);
  });
});
