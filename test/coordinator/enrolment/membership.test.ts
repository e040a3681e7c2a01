import { once } from 'node:events';
import type { wire } from '@concordat/proto';
import type { ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { call, connect, disconnect, federated, type Member, refusalOf, TestConsortium } from '../consortium.js';

describe('a participant that its operator cuts off', () => {
  let consortium: TestConsortium;
  let acme: Member;
  let beta: Member;

  before(async () => {
    consortium = await TestConsortium.open();
    acme = await consortium.join('acme');
    beta = await consortium.join('beta');
  });
  after(() => consortium.close());

  const ask = (member: Member) => refusalOf(call(member.stubs.Membership, 'Roster', {}));
  const states = async () =>
    (await consortium.operator.participants()).map(({ participant, state }) => `${participant} ${state}`);

  /** A stream of assignments, listening. */
  async function listen({ stubs }: Member): Promise<{ readonly ended: Promise<string> }> {
    const stream = stubs.Rounds.CheckIn({ wireVersions: [1], software: 'test', clientEpoch: 1 });
    const ended = new Promise<string>((resolve) => {
      stream.on('error', (error: ServiceError) => void refusalOf(Promise.reject(federated(error))).then(resolve));
    });
    await once(stream, 'data');
    return { ended };
  }

  /** An upload that sends nothing yet. */
  function upload({ stubs }: Member): Promise<string> {
    return refusalOf(
      new Promise((resolve, reject) => {
        const stream = stubs.Blobs.UploadMaskedUpdate((error: ServiceError | null) =>
          error === null ? resolve('taken') : reject(federated(error)),
        );
        stream.on('error', () => undefined);
      }),
    );
  }

  it('hears why on every open call, and is refused by name on the next', async () => {
    const stream = await listen(acme);
    await listen(beta);
    const uploading = upload(acme);
    await ask(acme);
    await consortium.operator.changeMembership('acme', 'suspend');
    expect(await stream.ended).to.equal('unauthenticated membership.ended');
    expect(await uploading).to.equal('unauthenticated membership.ended');
    const next = await call(acme.stubs.Membership, 'Roster', {}).catch((error: Error) => error.message);
    expect(next).to.equal('participant acme is not in the current roster');
    expect(await ask(beta)).to.equal('nothing');
    expect(await states()).to.deep.equal(['acme suspended', 'beta admitted']);
  });

  it('is back with the key and certificate it has when it is reinstated', async () => {
    await consortium.operator.changeMembership('acme', 'reinstate');
    expect(await ask(acme)).to.equal('nothing');
    expect(await states()).to.deep.equal(['acme admitted', 'beta admitted']);
    expect(await refusalOf(consortium.operator.changeMembership('acme', 'reinstate'))).to.equal('invalid-argument');
  });

  it('loses its connections too, whatever it does with them', async () => {
    const channel = acme.stubs.Membership.getChannel();
    expect(channel.getConnectivityState(false)).to.equal(2);
    const lost = new Promise<void>((resolve) => channel.watchConnectivityState(2, Date.now() + 5_000, () => resolve()));
    await consortium.operator.changeMembership('acme', 'suspend');
    await lost;
    expect(channel.getConnectivityState(false)).to.not.equal(2);
    await consortium.operator.changeMembership('acme', 'reinstate');
  });

  it('comes back from a revocation with a new key alone: the old certificate is nobody’s, under the same name', async () => {
    await consortium.operator.changeMembership('acme', 'revoke');
    expect(await states()).to.deep.equal(['beta admitted']);
    expect(await refusalOf(consortium.operator.changeMembership('acme', 'reinstate'))).to.equal('invalid-argument');
    consortium.skewMillis = 10_000;
    const again = await consortium.join('acme');
    expect(await ask(again)).to.equal('nothing');
    const stolen = connect(consortium.coordinator.address, acme.tls);
    expect(await refusalOf(call(stolen.Membership, 'Roster', {}))).to.equal('unauthenticated');
    disconnect(stolen);
    consortium.skewMillis = 0;
  });

  it('may be extended: its entry then counts for 397 days more', async () => {
    const entry = async () => {
      const { roster } = await call<wire.RosterReply__Output>(beta.stubs.Membership, 'Roster', {});
      const { members } = JSON.parse(roster!.document!.body.toString());
      return members.find(({ participantId }: { participantId: string }) => participantId === 'beta')
        .notAfter as number;
    };
    const before = await entry();
    consortium.skewMillis = 86_400_000;
    await consortium.operator.changeMembership('beta', 'extend');
    expect((await entry()) - before).to.be.greaterThan(86_000_000);
    consortium.skewMillis = 0;
  });
});
