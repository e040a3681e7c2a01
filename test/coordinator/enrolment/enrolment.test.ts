import { identityFingerprint, verifyRoster } from '@concordat/core';
import { identityFromSeed, nodeCrypto } from '@concordat/node';
import { expect } from 'chai';
import { call, connect, disconnect, enrolRequest, refusalOf, type Stubs, TestConsortium } from '../consortium.js';

const signer = identityFromSeed(new Uint8Array(32).fill(7));
const fingerprint = identityFingerprint(nodeCrypto, signer.publicKey);

describe('enrolment over the wire', () => {
  let consortium: TestConsortium;
  let stranger: Stubs;

  before(async () => {
    consortium = await TestConsortium.open();
    stranger = connect(consortium.coordinator.address, { authorityPem: consortium.operatorKeys.authorityPem });
  });

  after(async () => {
    disconnect(stranger);
    await consortium.close();
  });

  const enrol = (request: object) => refusalOf(call(stranger.Membership, 'Enroll', request));

  it('leaves a pending entry, admits it after the fingerprint was compared, and signs the next epoch', async () => {
    const invitation = await consortium.invite('acme');
    const { request } = await enrolRequest(invitation, signer);
    expect(await enrol(request)).to.equal('nothing');
    const [row] = await consortium.operator.participants();
    expect([row!.participant, row!.state, row!.fingerprint]).to.deep.equal(['acme', 'pending', fingerprint]);
    expect(await refusalOf(consortium.operator.admit('acme', '00'.repeat(32)))).to.equal(
      'refused admission.fingerprint',
    );
    const signed = await consortium.operator.admit('acme', `${fingerprint.slice(0, 16)} ${fingerprint.slice(16, 32)}`);
    const trust = { rootKey: invitation.rootKey, consortium: 'demo', now: Date.now() };
    const { roster } = verifyRoster(nodeCrypto, signed, trust);
    expect(roster.epoch).to.equal(2);
    expect(roster.members.map(({ participantId }) => participantId)).to.deep.equal(['acme']);
  });

  it('is asked again without harm: the same request gives the same state', async () => {
    const { request } = await enrolRequest(
      await consortium.invite('bluebird'),
      identityFromSeed(new Uint8Array(32).fill(8)),
    );
    expect(await enrol(request)).to.equal('nothing');
    expect(await enrol(request)).to.equal('nothing');
  });

  it('refuses a used invitation by name', async () => {
    const invitation = await consortium.invite('cobalt');
    const first = await enrolRequest(invitation, identityFromSeed(new Uint8Array(32).fill(9)));
    const second = await enrolRequest(invitation, identityFromSeed(new Uint8Array(32).fill(10)));
    expect(await enrol(first.request)).to.equal('nothing');
    expect(await enrol(second.request)).to.equal('refused invitation.used');
  });

  it('refuses an expired invitation by name', async () => {
    const { request } = await enrolRequest(await consortium.invite('delta', 'delta', 1_000), signer);
    consortium.skewMillis = 2_000;
    expect(await enrol(request)).to.equal('refused invitation.expired');
    consortium.skewMillis = 0;
  });

  it('refuses an invitation of another participant, organization or consortium by name', async () => {
    const { request } = await enrolRequest(await consortium.invite('echo', 'Echo Ltd'), signer);
    expect(await enrol({ ...request, participantId: 'other' })).to.equal('refused invitation.foreign');
    expect(await enrol({ ...request, organization: 'Other Ltd' })).to.equal('refused invitation.foreign');
    expect(await enrol({ ...request, consortium: 'elsewhere' })).to.equal('refused invitation.foreign');
  });

  it('refuses an unknown secret, and one that a newer invitation replaced', async () => {
    const { request } = await enrolRequest(await consortium.invite('foxtrot'), signer);
    await consortium.invite('foxtrot');
    expect(await enrol(request)).to.equal('refused invitation.unknown');
    expect(await enrol({ ...request, invitationSecret: new Uint8Array(32) })).to.equal('refused invitation.unknown');
  });

  it('names a clock that is wrong', async () => {
    const { request } = await enrolRequest(await consortium.invite('golf'), signer);
    expect(await enrol({ ...request, clockMillis: Date.now() - 3 * 3_600_000 })).to.equal('refused enrolment.clock');
  });

  it('refuses a request without proof of its keys', async () => {
    const invitation = await consortium.invite('hotel');
    const { request } = await enrolRequest(invitation, signer);
    const other = await enrolRequest(invitation, signer);
    expect(await enrol({ ...request, identityProof: other.request.identityProof })).to.equal('verification');
    const damaged = Buffer.from(request.certificateRequest);
    damaged[damaged.length - 1]! ^= 1;
    expect(await enrol({ ...request, certificateRequest: damaged })).to.be.oneOf(['verification', 'malformed']);
    expect(await enrol({ ...request, certificateRequest: Buffer.alloc(9_000) })).to.equal('malformed');
  });

  it('tells a stranger nothing about entries', async () => {
    const asked = call(stranger.Membership, 'Enrollment', {
      participantId: 'acme',
      invitationSecret: new Uint8Array(32),
    });
    expect(await refusalOf(asked)).to.equal('refused invitation.unknown');
  });
});
