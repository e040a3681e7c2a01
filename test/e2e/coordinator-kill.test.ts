import { expect } from 'chai';
import { CoordinatorKillCampaign } from './coordinator-kill-campaign.js';

/** `npm run kill:coordinator` kills at every durable write and at random; this is what of it every test run takes. */
describe('a coordinator that is killed in a durable write', function () {
  this.timeout(120_000);
  let campaign: CoordinatorKillCampaign;
  const kills = [
    // Its row is there and nobody knows; a vector is durable and not yet acknowledged; the sum is kept; the round is not yet over.
    'coordinator.journal.run-started.after:crash:1',
    'coordinator.masked-vector.after:crash:2',
    'coordinator.sum.before:crash:1',
    'coordinator.journal.round-ended.before:error:1',
  ];

  before(async () => {
    const left = [...kills];
    campaign = await CoordinatorKillCampaign.open({
      next: () => {
        const kill = left.shift();
        return kill === undefined ? undefined : { kill };
      },
    });
  });
  after(() => campaign.close());

  it('goes on by itself, publishes what it would have published, and keeps every acknowledgement', async () => {
    const { lives, violations, acknowledgements } = await campaign.run();
    expect(violations).to.deep.equal([]);
    expect(lives.slice(0, kills.length).map(({ kill, by }) => [kill, by])).to.deep.equal(
      kills.map((kill) => [kill, kill.includes(':error:') ? 2 : 'SIGKILL']),
    );
    expect(acknowledgements).to.be.greaterThan(100);
  });
});
