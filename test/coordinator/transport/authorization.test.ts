import { authorization, authorize, type Role } from '@concordat/coordinator';
import {
  certificatesToPem,
  clientCredentials,
  createCertificateRequest,
  createTlsAuthority,
  issueClientCertificate,
} from '@concordat/node';
import { protoFiles } from '@concordat/proto';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { expect } from 'chai';
import { service as standardHealth } from 'grpc-health-check';
import {
  call,
  connect,
  disconnect,
  federated,
  type Member,
  refusalOf,
  type Stubs,
  TestConsortium,
} from '../consortium.js';

const definitions = loadSync([...protoFiles], { includeDirs: [protoFiles[0]!.replace(/concordat\/v1\/.*/, '')] });
const methods = Object.values(definitions)
  .flatMap((service) =>
    Object.values(service as Record<string, { path?: string; requestStream?: boolean; responseStream?: boolean }>),
  )
  .filter((method) => typeof method.path === 'string') as {
  path: string;
  requestStream: boolean;
  responseStream: boolean;
}[];

/** Open a call with an empty request and say how it is refused. */
function refusalOfCall(stubs: Stubs, method: (typeof methods)[number]): Promise<string> {
  const [, service, name] = /^\/concordat\.v1\.(\w+)\/(\w+)$/.exec(method.path)!;
  const client = stubs[service as keyof Stubs] as unknown as Record<
    string,
    (...args: unknown[]) => grpc.ClientDuplexStream<object, object>
  >;
  return refusalOf(
    new Promise<void>((resolve, reject) => {
      const deadline = { deadline: Date.now() + 10_000 };
      const done = (error: grpc.ServiceError | null) => (error === null ? resolve() : reject(federated(error)));
      if (method.responseStream) {
        const stream = client[name!]!({}, deadline);
        stream.on('data', () => stream.cancel());
        stream.on('end', () => resolve());
        stream.on('error', (error) => reject(federated(error as grpc.ServiceError)));
      } else if (method.requestStream) {
        const stream = client[name!]!(deadline, done);
        stream.on('error', () => undefined);
        stream.end();
      } else client[name!]!({}, deadline, done);
    }),
  );
}

describe('the authorization table', () => {
  it('names every method of the wire and no other', () => {
    const ours = Object.keys(authorization).filter((path) => path.startsWith('/concordat.'));
    expect(ours.sort()).to.deep.equal(methods.map(({ path }) => path).sort());
  });

  it('lets a stranger reach enrolment and health only', () => {
    const open = Object.keys(authorization).filter((path) => authorize(path, 'anonymous') === 'allowed');
    expect(open.sort()).to.deep.equal([
      '/concordat.v1.Health/Check',
      '/concordat.v1.Membership/Enroll',
      '/concordat.v1.Membership/Enrollment',
      '/grpc.health.v1.Health/Check',
    ]);
  });

  it('lets nobody be participant and operator at once in a round', () => {
    const both = Object.entries(authorization).filter(([path, roles]) => path.includes('.Rounds/') && roles.length > 1);
    expect(both).to.deep.equal([]);
  });

  it('knows no method it does not list', () => {
    for (const path of ['/concordat.v1.Rounds/Other', 'toString', '__proto__', '']) {
      expect(authorize(path, 'operator')).to.equal('unknown-method');
    }
  });
});

describe('a coordinator on the wire', () => {
  let consortium: TestConsortium;
  let member: Member;
  let stranger: Stubs;
  let foreigner: Stubs;
  let operator: Stubs;

  before(async () => {
    consortium = await TestConsortium.open();
    member = await consortium.join('acme');
    const { address } = consortium.coordinator;
    const { authorityPem } = consortium.operatorKeys;
    stranger = connect(address, { authorityPem });
    operator = connect(address, consortium.operatorKeys);
    const other = await createTlsAuthority({ consortium: 'demo', now: Date.now() });
    const { request, privateKeyPem } = await createCertificateRequest();
    const leaf = await issueClientCertificate(other, request, {
      subject: { role: 'operator', id: 'operator' },
      now: Date.now(),
    });
    foreigner = connect(address, { authorityPem, privateKeyPem, certificatePem: certificatesToPem(leaf) });
  });

  after(async () => {
    for (const stubs of [stranger, foreigner, operator]) disconnect(stubs);
    await consortium.close();
  });

  const may = (path: string, role: Role) => authorization[path]!.includes(role);

  for (const method of methods) {
    it(`answers ${method.path} to whom the table lets, and to nobody else`, async () => {
      const denied = ['unauthenticated', 'permission'];
      const said = {
        stranger: await refusalOfCall(stranger, method),
        foreigner: await refusalOfCall(foreigner, method),
        participant: await refusalOfCall(member.stubs, method),
        operator: await refusalOfCall(operator, method),
      };
      const expected = (role: Role) =>
        may(method.path, role) ? 'let through' : role === 'anonymous' ? 'unauthenticated' : 'permission';
      const outcome = (refusal: string) => (denied.includes(refusal) ? refusal : 'let through');
      expect({
        stranger: outcome(said.stranger),
        foreigner: outcome(said.foreigner),
        participant: outcome(said.participant),
        operator: outcome(said.operator),
      }).to.deep.equal({
        stranger: expected('anonymous'),
        foreigner: expected('anonymous'),
        participant: expected('participant'),
        operator: expected('operator'),
      });
    });
  }

  it('answers the standard health check to a stranger', async () => {
    const { authorityPem } = consortium.operatorKeys;
    const { address } = consortium.coordinator;
    const { credentials, options } = clientCredentials(address, { authorityPem });
    const client = new (grpc.makeGenericClientConstructor(standardHealth, 'Health'))(address, credentials, options);
    const reply = await call<{ status: string }>(client, 'check', { service: '' });
    client.close();
    expect(reply.status).to.equal('SERVING');
  });
});
