import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { authorize, OperatorClient } from '@concordat/coordinator';
import { bounds, type FederatedError } from '@concordat/core';
import {
  certificatesToPem,
  createCertificateRequest,
  createTlsAuthority,
  issueClientCertificate,
  tlsTransport,
} from '@concordat/node';
import { errorFromWire, errorTrailer } from '@concordat/proto';
import * as grpc from '@grpc/grpc-js';
import { expect } from 'chai';
import { definition } from '../../proto/services.js';
import { TestConsortium, type TlsMaterial } from '../consortium.js';

interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

const methods = Object.values(definition)
  .flatMap((service) => Object.values(service as Record<string, Partial<Method>>))
  .filter((method): method is Method => typeof method.path === 'string');

const asIs = (bytes: Buffer) => bytes;

/** What a caller sees of one call with these frames: the first answer's size, or status, text and envelope. */
async function outcomeOf(client: grpc.Client, method: Method, frames: readonly Buffer[]): Promise<object> {
  const deadline = { deadline: Date.now() + 10_000 };
  const { path } = method;
  return new Promise((resolve) => {
    const answered = (error: grpc.ServiceError | null, reply?: Buffer) =>
      resolve(error === null ? { bytes: reply?.length } : refusalOf(error));
    if (method.requestStream) {
      const call = client.makeClientStreamRequest(path, asIs, asIs, deadline, answered);
      call.on('error', () => undefined);
      for (const frame of frames) call.write(frame);
      call.end();
    } else if (method.responseStream) {
      const call = client.makeServerStreamRequest(path, asIs, asIs, frames[0]!, deadline);
      call.on('error', (error: grpc.ServiceError) => resolve(refusalOf(error)));
      call.on('end', () => resolve({ ended: true }));
      call.once('data', (frame: Buffer) => {
        resolve({ bytes: frame.length });
        call.cancel();
      });
    } else client.makeUnaryRequest(path, asIs, asIs, frames[0]!, deadline, answered);
  });
}

function refusalOf({ code, details, metadata }: grpc.ServiceError): object {
  const envelope = metadata.get(errorTrailer)[0];
  const { code: ours, message, detail, fix } = errorFromWire({ code, details, envelope });
  return { status: code, details, ours, message, detail, fix };
}

describe('a call within the process', () => {
  let consortium: TestConsortium;
  let callers: Readonly<Record<string, TlsMaterial>>;
  const opened = new Map<string, grpc.Client>();

  before(async () => {
    consortium = await TestConsortium.open();
    const { tls } = await consortium.join('acme');
    const { authorityPem } = consortium.operatorKeys;
    const other = await createTlsAuthority({ consortium: 'demo', now: Date.now() });
    const { request, privateKeyPem } = await createCertificateRequest();
    const subject = { role: 'operator', id: 'operator' } as const;
    const leaf = await issueClientCertificate(other, request, { subject, now: Date.now() });
    callers = {
      stranger: { authorityPem },
      foreigner: { authorityPem, privateKeyPem, certificatePem: certificatesToPem(leaf) },
      participant: tls,
      operator: consortium.operatorKeys,
    };
  });

  after(async () => {
    for (const client of opened.values()) client.close();
    await consortium.close();
  });

  function open(level: 'grpc' | 'in-process', caller: string): grpc.Client {
    const name = `${level} ${caller}`;
    const { coordinator } = consortium;
    const transport = level === 'grpc' ? tlsTransport : coordinator.inProcessTransport();
    const channelOverride = opened.get(name)?.getChannel() ?? transport.channel(coordinator.address, callers[caller]!);
    const client = new grpc.Client(coordinator.address, grpc.credentials.createInsecure(), { channelOverride });
    opened.set(name, client);
    return client;
  }

  async function bothWays(caller: string, method: Method, frames: readonly Buffer[]): Promise<object> {
    const here = await outcomeOf(open('in-process', caller), method, frames);
    expect(here, `${caller} ${method.path}`).to.deep.equal(await outcomeOf(open('grpc', caller), method, frames));
    return here;
  }

  for (const method of methods) {
    it(`of ${method.path} gets what a socket brings, whoever calls`, async () => {
      for (const caller of Object.keys(callers)) await bothWays(caller, method, [Buffer.alloc(0)]);
    });
  }

  /** Wire version 1, client epoch 1. */
  const checkIn = Buffer.from([0x0a, 1, 1, 0x18, 1]);
  const ready: Method = { path: '/concordat.v1.Rounds/Ready', requestStream: false, responseStream: false };
  const enroll: Method = { path: '/concordat.v1.Membership/Enroll', requestStream: false, responseStream: false };

  it('is scanned and decoded: bytes that are no message of any method are refused alike, as malformed', async () => {
    const junk = {
      'length leaves the message': Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      'impossible field number': Buffer.alloc(8),
    };
    for (const method of methods) {
      const caller = authorize(method.path, 'participant') === 'allowed' ? 'participant' : 'operator';
      for (const [message, bytes] of Object.entries(junk)) {
        expect(await bothWays(caller, method, [bytes]), method.path).to.include({
          status: grpc.status.INVALID_ARGUMENT,
          ours: 'malformed',
          message,
        });
      }
    }
  });

  it('has the message limit of its caller', async () => {
    const long = Buffer.alloc(bounds.anonymousMessageBytesMax + 1);
    expect(await bothWays('stranger', enroll, [long])).to.include({ status: grpc.status.RESOURCE_EXHAUSTED });
  });

  it('of a method that does not exist is not implemented', async () => {
    const unknown = { ...ready, path: '/concordat.v1.Rounds/Other' };
    expect(await bothWays('operator', unknown, [Buffer.alloc(0)])).to.include({ status: grpc.status.UNIMPLEMENTED });
  });

  it('ends at the deadline of the caller, and the server knows', async () => {
    const client = open('in-process', 'participant');
    const call = client.makeServerStreamRequest('/concordat.v1.Rounds/CheckIn', asIs, asIs, checkIn, {
      deadline: Date.now() + 40,
    });
    const failed = once(call, 'error') as Promise<[grpc.ServiceError]>;
    await once(call, 'data');
    const connected = async () => (await consortium.coordinator.status()).participants.map((row) => row.connected);
    expect(await connected()).to.deep.equal([true]);
    // Nobody reads on after the first frame: the end needs no reader.
    call.resume();
    expect((await failed)[0].code).to.equal(grpc.status.DEADLINE_EXCEEDED);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await connected()).to.deep.equal([false]);
  });

  it('carries a model up and down in its pieces, unchanged', async () => {
    const { address } = consortium.coordinator;
    const transport = consortium.coordinator.inProcessTransport();
    const operator = new OperatorClient({ ...consortium.operatorKeys, address, transport });
    const bytes = createHash('shake256', { outputLength: 700_001 }).update('model').digest();
    const digest = await operator.put(bytes);
    expect(Buffer.compare(await operator.get(digest), bytes)).to.equal(0);
    operator.close();
  });

  it('needs the key of the certificate, and the authority of this coordinator', () => {
    const { participant, foreigner, operator } = callers;
    const transport = consortium.coordinator.inProcessTransport();
    const codeFor = (tls: TlsMaterial) => {
      try {
        transport.channel('here', tls);
        return 'opened';
      } catch (error) {
        return (error as FederatedError).code;
      }
    };
    const { privateKeyPem } = operator as Required<TlsMaterial>;
    expect(codeFor({ ...participant!, privateKeyPem })).to.equal('unauthenticated');
    const authorityPem = (foreigner as Required<TlsMaterial>).certificatePem;
    expect(codeFor({ ...participant!, authorityPem })).to.equal('verification');
  });

  it('ends when the coordinator stops, though it has no port', async () => {
    await consortium.restart({ listening: false });
    opened.clear();
    const client = open('in-process', 'participant');
    const call = client.makeServerStreamRequest('/concordat.v1.Rounds/CheckIn', asIs, asIs, checkIn);
    await once(call, 'data');
    expect(consortium.coordinator.port).to.equal(0);
    call.resume();
    const ended = once(call, 'end');
    await consortium.coordinator.stop();
    await ended;
    expect(await outcomeOf(client, ready, [Buffer.alloc(0)])).to.include({ status: grpc.status.UNAVAILABLE });
    await consortium.start();
  });
});
