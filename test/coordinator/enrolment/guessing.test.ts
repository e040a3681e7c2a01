import { FederatedError } from '@concordat/core';
import { nodeCrypto, systemClock } from '@concordat/node';
import { expect } from 'chai';
import { call, connect, disconnect, type Member, TestConsortium } from '../consortium.js';

const guesses = 320;

describe('whoever guesses at invitations', function () {
  this.timeout(60_000);
  let consortium: TestConsortium;
  let member: Member;
  const answers: FederatedError[] = [];

  before(async () => {
    // Time stands still: nothing of a quota comes back while this machine is busy.
    consortium = await TestConsortium.open({ clock: { ...systemClock, monotonicMillis: () => 0 } });
    member = await consortium.join('acme');
    await consortium.invite('bluebird');
    const stranger = connect(consortium.coordinator.address, { authorityPem: consortium.operatorKeys.authorityPem });
    for (let at = 0; at < guesses; at++) {
      const participantId = ['acme', 'bluebird', 'nobody'][at % 3];
      const invitationSecret = nodeCrypto.sha256(Buffer.from(`guess ${at}`));
      answers.push(
        await call<never>(stranger.Membership, 'Enrollment', { participantId, invitationSecret }).catch(
          (error: FederatedError) => error,
        ),
      );
    }
    disconnect(stranger);
  });
  after(() => consortium.close());

  const overloaded = () => answers.filter(({ detail }) => detail.rule === 'overload');

  it('is told by name that there is no such invitation, in the same words for whoever is enrolled, invited or unknown', () => {
    for (const answer of answers) expect(answer).to.be.instanceOf(FederatedError);
    const told = answers.filter((answer) => !overloaded().includes(answer));
    expect(told.map(({ detail }) => detail.rule)).to.include.members(['invitation.unknown']);
    expect(
      new Set(told.map(({ code, message, detail, fix }) => JSON.stringify([code, message, detail, fix]))).size,
    ).to.equal(1);
  });

  it('may go on a few times in a second, and is told when to come back', () => {
    expect(overloaded().length).to.be.greaterThan(guesses / 4);
    for (const { code, detail } of overloaded()) {
      expect(code).to.equal('unavailable');
      expect(detail.retryAfterMillis).to.be.greaterThan(0);
    }
  });

  it('keeps nobody else from being answered', async () => {
    expect(await call(member.stubs.Membership, 'Roster', {})).to.have.property('roster');
  });
});
