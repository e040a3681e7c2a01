import { FederatedError } from '@concordat/core';
import {
  authorizationInterceptor,
  type CallVerdict,
  createWideServer,
  type InProcessServer,
  peerOfCall,
  serveInProcess,
} from '@concordat/node';
import {
  Client,
  credentials,
  type Server,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import { ask, type Consortium, makeConsortium, send, service } from './echo-service.js';

const asIs = (bytes: Buffer) => bytes;

describe('a server within the process', () => {
  let consortium: Consortium;
  let server: Server;
  let inProcess: InProcessServer;
  let client: Client;
  let verdict: CallVerdict;
  /** Frames of the last `Count`, taken one by one. */
  let counted: ServerReadableStream<Buffer, Buffer> | undefined;
  let gone: string[];

  before(async () => {
    consortium = await makeConsortium();
  });
  beforeEach(() => {
    verdict = { allow: true };
    gone = [];
    const interceptors = [authorizationInterceptor(() => verdict)];
    ({ server } = createWideServer({ interceptors }));
    server.addService(service, {
      Whoami(call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) {
        reply(null, Buffer.from(peerOfCall(call)?.subject.id ?? 'nobody'));
      },
      Count(call: ServerReadableStream<Buffer, Buffer>) {
        counted = call;
        call.on('error', () => undefined);
        call.on('cancelled', () => gone.push('Count'));
      },
      Silent(call: ServerUnaryCall<Buffer, Buffer>) {
        call.on('cancelled', () => gone.push('Silent'));
      },
    });
    const { certificatePem: authorityPem } = consortium.authority;
    inProcess = serveInProcess({ server, interceptors, authorityPem, messageBytesMax: 1_000_000 });
    const channelOverride = inProcess.transport.channel('here', { authorityPem });
    client = new Client('here', credentials.createInsecure(), { channelOverride });
  });
  afterEach(async () => {
    client.close();
    await inProcess.close(0);
    server.forceShutdown();
  });

  it('answers, and takes who shows no certificate for nobody', async () => {
    expect(await ask(client, 'Whoami')).to.deep.equal({ text: 'nobody' });
  });

  it('hands nothing to a handler that the interceptor refuses', async () => {
    verdict = { allow: false, status: { code: status.PERMISSION_DENIED, details: 'not you' } };
    const outcome = (await ask(client, 'Whoami')) as { error: ServiceError };
    expect([outcome.error.code, outcome.error.details]).to.deep.equal([status.PERMISSION_DENIED, 'not you']);
  });

  it('takes a frame only when the handler reads: a writer waits', async () => {
    const call = client.makeClientStreamRequest(service.Count.path, asIs, asIs, () => undefined);
    call.on('error', () => undefined);
    let taken = 0;
    for (let frame = 0; frame < 64; frame++) call.write(Buffer.alloc(100), () => taken++);
    await quiet();
    // What Node's streams hold ahead of a reader: 16 objects.
    expect(taken).to.be.lessThan(20);
    counted!.resume();
    await quiet();
    expect(taken).to.equal(64);
    call.cancel();
  });

  it('lets the handler know that its caller is gone', async () => {
    const call = client.makeUnaryRequest(service.Silent.path, asIs, asIs, Buffer.alloc(1), () => undefined);
    await quiet();
    call.cancel();
    await quiet();
    expect(gone).to.deep.equal(['Silent']);
  });

  it('ends a call at the deadline that the server set', async () => {
    verdict = { allow: true, deadlineMillis: 1 };
    const outcome = (await ask(client, 'Silent')) as { error: ServiceError };
    expect(outcome.error.code).to.equal(status.DEADLINE_EXCEEDED);
  });

  it('takes no frame above its limit', async () => {
    counted = undefined;
    const sent = send(client, 2_000_000, 2_000_000);
    await quiet();
    counted!.resume();
    const outcome = (await sent) as { error: ServiceError };
    expect(outcome.error.code).to.equal(status.RESOURCE_EXHAUSTED);
  });

  it('cuts what is still open after its grace, and takes no more', async () => {
    const open = ask(client, 'Silent');
    await quiet();
    await inProcess.close(1);
    expect(((await open) as { error: ServiceError }).error.code).to.equal(status.UNAVAILABLE);
    await quiet();
    expect(gone).to.deep.equal(['Silent']);
    expect(((await ask(client, 'Whoami')) as { error: ServiceError }).error.code).to.equal(status.UNAVAILABLE);
  });

  it('ends the calls of a channel that is closed', async () => {
    const failed = new Promise<ServiceError | null>((resolve) => {
      client.makeClientStreamRequest(service.Count.path, asIs, asIs, resolve).write(Buffer.alloc(1));
    });
    await quiet();
    client.close();
    expect((await failed)?.code).to.equal(status.UNAVAILABLE);
    await quiet();
    expect(gone).to.deep.equal(['Count']);
  });

  it('says so when the gRPC library has no way in', () => {
    const other = {} as Server;
    const open = () =>
      serveInProcess({
        server: other,
        interceptors: [],
        authorityPem: consortium.authority.certificatePem,
        messageBytesMax: 1,
      });
    expect(open).to.throw(FederatedError, 'does not let calls from this process in');
  });
});

/** Everything already under way in this process has happened. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
}
