import { bounds } from '@concordat/core';
import type { ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { connect, disconnect, federated, type Member, refusalOf, TestConsortium } from '../consortium.js';
import { MachineParticipant } from '../machine-participant.js';

const delta = (parameters: number): Float32Array => new Float32Array(parameters);

describe('the stream of a participant', () => {
  let consortium: TestConsortium;
  let member: Member;
  let clients: MachineParticipant[] = [];

  before(async () => {
    consortium = await TestConsortium.open();
    member = await consortium.join('acme');
  });

  afterEach(() => {
    for (const client of clients) client.leave();
    clients = [];
  });

  after(() => consortium.close());

  function client(clientEpoch: number): MachineParticipant {
    const made = new MachineParticipant(member, { delta, clientEpoch });
    clients.push(made);
    return made;
  }

  it('belongs to the client with the highest epoch: an older one is fenced for good', async () => {
    await client(1).connect();
    await client(2).connect();
    expect(await refusalOf(client(1).connect())).to.equal('conflict client.epoch');
    const { participants } = await consortium.operator.status();
    expect(participants.map(({ participant, connected }) => [participant, connected])).to.deep.equal([['acme', true]]);
  });

  it('stays fenced against an older client when the coordinator starts again', async () => {
    const other = await TestConsortium.open();
    const acme = await other.join('acme');
    await new MachineParticipant(acme, { delta, clientEpoch: 5 }).connect();
    await other.restart();
    const again = { ...acme, stubs: connect(other.coordinator.address, acme.tls) };
    const older = new MachineParticipant(again, { delta, clientEpoch: 4 });
    expect(await refusalOf(older.connect())).to.equal('conflict client.epoch');
    await new MachineParticipant(again, { delta, clientEpoch: 5 }).connect();
    disconnect(again.stubs);
    await other.close();
  });

  it('tells a client that connects again from another start with the same epoch', async () => {
    const checkIn = (startId: Uint8Array) =>
      refusalOf(
        new Promise<void>((resolve, reject) => {
          const stream = member.stubs.Rounds.CheckIn({ wireVersions: [1], software: 'test', clientEpoch: 20, startId });
          stream.on('data', () => resolve());
          stream.on('error', (error) => reject(federated(error as ServiceError)));
        }),
      );
    expect(await checkIn(new Uint8Array(16).fill(1))).to.equal('nothing');
    expect(await checkIn(new Uint8Array(16).fill(2))).to.equal('conflict client.epoch');
    expect(await checkIn(new Uint8Array(16).fill(1))).to.equal('nothing');
  });

  it('refuses epochs and start ids out of bounds', async () => {
    const lies = [
      { clientEpoch: 0 },
      { clientEpoch: bounds.clientEpochMax + 1 },
      { clientEpoch: 21, startId: new Uint8Array(17) },
    ];
    for (const lie of lies) {
      const refused = new Promise<void>((resolve, reject) => {
        const stream = member.stubs.Rounds.CheckIn({ wireVersions: [1], software: 'test', ...lie });
        stream.on('data', () => resolve());
        stream.on('error', (error) => reject(federated(error as ServiceError)));
      });
      expect(await refusalOf(refused)).to.equal('malformed');
    }
  });

  it('ends when the coordinator stops, and a client that comes back at once does not hold it up', async () => {
    const other = await TestConsortium.open();
    const acme = await other.join('acme');
    const request = { wireVersions: [1], software: 'test', clientEpoch: 1 };
    const back = new Promise<string>((resolve) => {
      const stream = acme.stubs.Rounds.CheckIn(request);
      stream.on('data', () => {
        stream.on('end', () => {
          const again = acme.stubs.Rounds.CheckIn(request);
          again.on('data', () => resolve('welcome'));
          again.on('error', (error) => resolve(federated(error as ServiceError).code));
        });
        void other.coordinator.stop();
      });
    });
    expect(await back).to.equal('unavailable');
    await other.close();
  });

  it('ends when a version of the wire is asked for that nobody serves', async () => {
    const stream = member.stubs.Rounds.CheckIn({ wireVersions: [9], software: 'test', clientEpoch: 9 });
    const refused = await new Promise<string>((resolve) => {
      stream.on('data', () => resolve('welcome'));
      stream.on('error', (error) => resolve(error.message));
    });
    expect(refused).to.contain('no common version');
  });
});
