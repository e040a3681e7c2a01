import { expect } from 'chai';
import { type DisturbedRun, KillCampaign } from './coordinator-kill/campaign.js';
import { refused } from './coordinator-kill/kinds/losses.js';
import { ended } from './coordinator-kill/kinds/operated.js';
import { plain } from './coordinator-kill/kinds/plain.js';

/** `npm run kill:coordinator` kills at every durable write and at random, in runs of many kinds; this is what of it every test run takes. */
describe('a coordinator that is killed in a durable write', function () {
  this.timeout(120_000);
  let campaign: KillCampaign;

  before(async () => {
    campaign = await KillCampaign.open();
  });
  after(() => campaign.close());

  function expectDeaths({ lives, violations }: DisturbedRun, armed: readonly string[]): void {
    expect(violations).to.deep.equal([]);
    const deaths = lives.flatMap(({ kill, by }) => (kill === undefined ? [] : [[kill, by] as const]));
    expect(new Map(deaths)).to.deep.equal(
      new Map(armed.map((kill) => [kill, kill.includes(':error:') ? 2 : 'SIGKILL'])),
    );
  }

  it('goes on by itself, publishes what it would have published, and keeps every acknowledgement', async () => {
    const armed = [
      // Its row is there and nobody knows; a vector is durable and not yet acknowledged; the sum is kept; the round is not yet over.
      'coordinator.journal.run-started.after:crash:1',
      'coordinator.masked-vector.after:crash:2',
      'coordinator.sum.before:crash:1',
      'coordinator.journal.round-ended.before:error:1',
    ];
    const run = await campaign.run(plain, { armed, randoms: [] });
    expectDeaths(run, armed);
    expect(run.acknowledgements).to.be.greaterThan(100);
  });

  it('knows who took an approval back', async () => {
    const armed = ['coordinator.journal.refused.before:crash:1', 'coordinator.journal.refused.after:crash:1'];
    expectDeaths(await campaign.run(refused, { armed, randoms: [] }), armed);
  });

  it('ends a run that it was told to end, and frees the updates in it', async () => {
    const armed = ['coordinator.journal.ending.after:crash:1', 'coordinator.journal.session-aborted.before:crash:1'];
    expectDeaths(await campaign.run(ended, { armed, randoms: [] }), armed);
  });
});
