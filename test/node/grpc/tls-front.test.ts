import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { FederatedError } from '@concordat/core';
import { type CallVerdict, createTlsAuthority } from '@concordat/node';
import { type Client, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import {
  ask,
  type Consortium,
  clientCredentials,
  connect,
  makeConsortium,
  now,
  type Running,
  send,
  startEcho,
} from './echo-service.js';

const allowAll = (): CallVerdict => ({ allow: true });

describe('the TLS front', () => {
  let consortium: Consortium;
  let running: Running | undefined;
  const open: (Client | Socket)[] = [];

  before(async () => {
    consortium = await makeConsortium();
  });

  afterEach(async () => {
    for (const each of open.splice(0)) 'close' in each ? each.close() : each.destroy();
    await running?.stop();
    running = undefined;
  });

  const dial = async (id?: string, authority = consortium.authority): Promise<Client> => {
    const client = connect(running!.front.port, await clientCredentials(consortium, id, authority));
    open.push(client);
    return client;
  };

  it('lets a handler find the verified participant of its connection', async () => {
    running = await startEcho(consortium, allowAll);
    expect(await ask(await dial('acme'), 'Whoami')).to.deep.equal({ text: 'acme' });
    expect(await ask(await dial('beta'), 'Whoami')).to.deep.equal({ text: 'beta' });
  });

  it('tells the authorization hook who calls what from where before the handler runs', async () => {
    running = await startEcho(consortium, allowAll);
    await ask(await dial('acme'), 'Whoami');
    const [facts] = running.calls;
    expect(facts!.method).to.equal('/test.Echo/Whoami');
    expect(facts!.peer!.subject).to.deep.equal({ role: 'participant', id: 'acme' });
    expect(facts!.peer!.fingerprint).to.match(/^[0-9a-f]{64}$/);
    expect(facts!.address).to.match(/^127\.0\.0\.1:\d+$/);
  });

  it('knows nobody without a certificate, or with one of another authority', async () => {
    running = await startEcho(consortium, allowAll);
    expect(await ask(await dial(), 'Whoami')).to.deep.equal({ text: 'nobody' });
    const foreign = await createTlsAuthority({ consortium: 'test', now: 0, validMillis: 2 * now });
    expect(await ask(await dial('acme', foreign), 'Whoami')).to.deep.equal({ text: 'nobody' });
  });

  it('refuses a call with the given status before its body is read and its handler runs', async () => {
    running = await startEcho(consortium, ({ peer }) =>
      peer ? { allow: true } : { allow: false, status: { code: status.UNAUTHENTICATED, details: 'no certificate' } },
    );
    const refused = await send(await dial(), 1024 * 1024);
    expect(refused).to.have.nested.property('error.code', status.UNAUTHENTICATED);
    expect(refused).to.have.nested.property('error.details', 'no certificate');
    expect(running.handled).to.deep.equal([]);
    expect(await send(await dial('acme'), 1024 * 1024)).to.deep.equal({ text: String(1024 * 1024) });
  });

  it('refuses the call when the hook itself fails', async () => {
    running = await startEcho(consortium, () => {
      throw new Error('broken');
    });
    expect(await ask(await dial('acme'), 'Whoami')).to.have.nested.property('error.code', status.INTERNAL);
    expect(running.handled).to.deep.equal([]);
  });

  it('takes long messages only from those it knows, or as the hook says', async () => {
    running = await startEcho(consortium, allowAll);
    const long = 70_000;
    expect(await send(await dial('acme'), long, long)).to.deep.equal({ text: String(long) });
    expect(await send(await dial(), long, long)).to.have.nested.property('error.code', status.RESOURCE_EXHAUSTED);
    expect(await send(await dial(), long, 60_000)).to.deep.equal({ text: String(long) });
    await running.stop();
    running = await startEcho(consortium, () => ({ allow: true, messageBytesMax: 100 }));
    expect(await send(await dial('acme'), 101, 101)).to.have.nested.property('error.code', status.RESOURCE_EXHAUSTED);
  });

  it('ends a call at the deadline of the server', async () => {
    running = await startEcho(consortium, () => ({ allow: true, deadlineMillis: 30 }));
    const ended = await ask(await dial('acme'), 'Silent');
    expect(ended).to.have.nested.property('error.code', status.DEADLINE_EXCEEDED);
    expect(ended).to.have.nested.property('error.details').that.includes('server');
  });

  it('says which port is in use and what to do', async () => {
    running = await startEcho(consortium, allowAll);
    const { port } = running.front;
    const error = await startEcho(consortium, allowAll, { port }).then(
      () => undefined,
      (reason: unknown) => reason as FederatedError,
    );
    expect(error).to.be.instanceOf(FederatedError);
    expect(error!.code).to.equal('unavailable');
    expect(error!.message).to.equal(`port ${port} on 127.0.0.1 is in use by another program`);
    expect(error!.fix).to.include('another port');
  });

  it('destroys a connection that stays silent in its handshake', async () => {
    running = await startEcho(consortium, allowAll, { handshakeMillis: 50 });
    const socket = connectTcp(running.front.port, '127.0.0.1');
    open.push(socket);
    socket.resume();
    await once(socket, 'close');
    expect(running.front.refused()).to.equal(1);
  });

  it('destroys a connection that does not speak TLS, and says whose', async () => {
    const said: string[] = [];
    const onPlaintext = (address: string) => said.push(address);
    running = await startEcho(consortium, allowAll, { onPlaintext });
    for (const begin of ['GET / HTTP/1.0\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
      const socket = connectTcp(running.front.port, '127.0.0.1');
      open.push(socket);
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(begin);
      await once(socket, 'close');
    }
    expect(running.front.refused()).to.equal(2);
    expect(said).to.deep.equal(['127.0.0.1', '127.0.0.1']);
  });

  it('caps the connections of one address, and counts them down again', async () => {
    running = await startEcho(consortium, allowAll, { connectionsPerAddressMax: 2 });
    const sockets = [1, 2, 3].map(() => connectTcp(running!.front.port, '127.0.0.1'));
    open.push(...sockets);
    for (const socket of sockets) socket.on('error', () => undefined).resume();
    await Promise.race(sockets.map((socket) => once(socket, 'close')));
    expect(sockets.filter((socket) => socket.destroyed)).to.have.length(1);
    const closed = sockets.filter((socket) => !socket.destroyed).map((socket) => once(socket.end(), 'close'));
    await Promise.all(closed);
    expect(await ask(await dial('acme'), 'Whoami')).to.deep.equal({ text: 'acme' });
  });

  it('caps all connections together', async () => {
    running = await startEcho(consortium, allowAll, { connectionsMax: 1 });
    expect(await ask(await dial('acme'), 'Whoami')).to.deep.equal({ text: 'acme' });
    expect(await ask(await dial('beta'), 'Whoami', 2_000)).to.have.property('error');
    expect(running.front.refused()).to.be.at.least(1);
  });

  it('lets open calls end when it closes, and closes', async () => {
    running = await startEcho(consortium, allowAll);
    const client = await dial('acme');
    const answer = send(client, 4 * 1024 * 1024);
    await ask(client, 'Whoami');
    const closed = running.front.close(5_000);
    expect(await answer).to.deep.equal({ text: String(4 * 1024 * 1024) });
    client.close();
    await closed;
  });
});
