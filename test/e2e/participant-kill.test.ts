import { expect } from 'chai';
import { KillCampaign } from './kill-campaign.js';

/** `npm run kill:participants` kills at every durable write; this is what of it every test run takes. */
describe('a participant that is stopped in a durable write', function () {
  this.timeout(120_000);
  let campaign: KillCampaign;

  before(async () => {
    campaign = await KillCampaign.open();
  });
  after(() => campaign.close());

  it('goes on with the same sessions, gives every answer once, and harms nobody', async () => {
    const kills = [
      // Its vector is spooled and journalled; before it is bound to the session, before its first byte leaves, before it signs.
      'participant.journal.before:crash:8',
      'participant.egress.before:crash:1',
      'participant.journal.before:crash:3',
    ];
    const { ends, violations, contributed } = await campaign.run(kills);
    expect(violations).to.deep.equal([]);
    expect(ends).to.deep.equal(['SIGKILL', 'SIGKILL', 'SIGKILL', 0]);
    expect(contributed).to.equal(true);
  });

  it('ends with a write that fails, comes back, and waits for one that is late', async () => {
    const stops = ['participant.journal.after:error:8', 'participant.spool.before:delay:1'];
    const { ends, violations, contributed } = await campaign.run(stops);
    expect(violations).to.deep.equal([]);
    expect(ends).to.deep.equal([1, 0]);
    expect(contributed).to.equal(true);
  });
});
