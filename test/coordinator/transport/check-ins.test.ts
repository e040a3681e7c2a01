import type { ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { federated, type Member, refusalOf, TestConsortium } from '../consortium.js';
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
    expect(await refusalOf(client(1).connect())).to.equal('conflict');
    const { participants } = await consortium.operator.status();
    expect(participants.map(({ participant, connected }) => [participant, connected])).to.deep.equal([['acme', true]]);
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
