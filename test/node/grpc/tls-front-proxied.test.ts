import { once } from 'node:events';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { parseNetworks } from '@concordat/node';
import type { Client } from '@grpc/grpc-js';
import { expect } from 'chai';
import { proxyHeader } from '../../support/proxy-header.js';
import {
  ask,
  type Consortium,
  clientCredentials,
  connect,
  makeConsortium,
  type Running,
  startEcho,
} from './echo-service.js';

const { local, tcp4, tcp6 } = proxyHeader;

/** Passes TCP through, and writes what a test says ahead of each connection. */
class Balancer {
  readonly #sockets: Socket[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port: number, ahead: readonly Uint8Array[]): Promise<Balancer> {
    const server = createServer((client) => {
      const far = connectTcp({ port, host: '127.0.0.1', noDelay: true });
      balancer.#sockets.push(client, far);
      for (const socket of [client, far]) {
        socket
          .on('error', () => undefined)
          .on('close', () => {
            client.destroy();
            far.destroy();
          });
      }
      for (const piece of ahead) far.write(piece);
      client.pipe(far).pipe(client);
    });
    const balancer = new Balancer(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return balancer;
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe('the TLS front behind a proxy', () => {
  let consortium: Consortium;
  let running: Running;
  let problems: (readonly [string, string])[];
  let plaintext: string[];
  const open: { close(): void }[] = [];

  before(async () => {
    consortium = await makeConsortium();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) each.close();
    await running.stop();
  });

  async function start(trusted: string, options: Parameters<typeof startEcho>[2] = {}): Promise<void> {
    [problems, plaintext] = [[], []];
    running = await startEcho(consortium, () => ({ allow: true }), {
      trustedProxies: parseNetworks(trusted),
      onProxyProblem: (address, problem) => problems.push([address, problem]),
      onPlaintext: (address) => plaintext.push(address),
      ...options,
    });
  }

  async function through(...ahead: readonly Uint8Array[]): Promise<Client> {
    const balancer = await Balancer.open(running.front.port, ahead);
    const client = connect(balancer.port, await clientCredentials(consortium, 'acme'));
    open.push(client, balancer);
    return client;
  }

  /** What becomes of a connection that sends this and then nothing more. */
  async function sending(...pieces: readonly Uint8Array[]): Promise<void> {
    const socket = connectTcp({ port: running.front.port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined).resume();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (const piece of pieces) socket.write(piece);
    await closed;
  }

  it('knows participant and address of a connection that comes through it', async () => {
    await start('127.0.0.1');
    expect(await ask(await through(tcp4('203.0.113.7', 51_234)), 'Whoami')).to.deep.equal({ text: 'acme' });
    expect(await ask(await through(tcp6('20010db8000000000000000000000007', 9)), 'Whoami')).to.deep.equal({
      text: 'acme',
    });
    expect(running.calls.map(({ address }) => address)).to.deep.equal(['203.0.113.7:51234', '2001:db8::7:9']);
  });

  it('waits for a header that comes byte by byte, and has it in one piece with TLS too', async () => {
    await start('127.0.0.1');
    const header = tcp4('203.0.113.7', 1, { more: Buffer.alloc(300) });
    const bytes = Array.from(header, (_, i) => header.subarray(i, i + 1));
    expect(await ask(await through(...bytes), 'Whoami')).to.deep.equal({ text: 'acme' });
    expect(await ask(await through(header), 'Whoami')).to.deep.equal({ text: 'acme' });
  });

  it('counts connections by the address they come from, not by that of the proxy', async () => {
    await start('127.0.0.0/8', { connectionsPerAddressMax: 1 });
    const first = await through(tcp4('203.0.113.7', 1));
    expect(await ask(first, 'Whoami')).to.deep.equal({ text: 'acme' });
    expect(await ask(await through(tcp4('203.0.113.8', 2)), 'Whoami')).to.deep.equal({ text: 'acme' });
    expect(await ask(await through(tcp4('203.0.113.7', 3)), 'Whoami', 2_000)).to.have.property('error');
    expect(running.front.refused()).to.be.greaterThan(0);
  });

  it('takes a proxy that looks whether somebody listens for itself', async () => {
    await start('127.0.0.1');
    expect(await ask(await through(local()), 'Whoami')).to.deep.equal({ text: 'acme' });
    expect(running.calls[0]!.address).to.match(/^127\.0\.0\.1:/);
    const looking = connectTcp(running.front.port, '127.0.0.1');
    await once(looking, 'connect');
    looking.end();
    looking.resume();
    await once(looking, 'close');
    expect(problems).to.deep.equal([]);
  });

  it('refuses by name what a trusted proxy sends instead of a header', async () => {
    await start('127.0.0.1');
    await sending(Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.5 1 2\r\n'));
    await sending(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    await sending(tcp4('203.0.113.7', 1, { family: 0x31 }));
    await sending(tcp4('203.0.113.7', 1, { more: Buffer.alloc(60_000) }));
    await sending(Buffer.alloc(100_000, 0x41));
    expect(problems.map(([address]) => address)).to.deep.equal(Array(5).fill('127.0.0.1'));
    expect(problems.map(([, problem]) => problem.slice(0, 12))).to.deep.equal([
      'version 1 of',
      'TLS without ',
      'addresses of',
      'a header tha',
      'no header of',
    ]);
    expect(running.front.refused()).to.equal(5);
  });

  it('waits no longer for a header than for a handshake', async () => {
    await start('127.0.0.1', { handshakeMillis: 50 });
    await sending(tcp4('203.0.113.7', 1).subarray(0, 20));
    expect(problems).to.deep.equal([['127.0.0.1', 'no header of the PROXY protocol within 0.05 s']]);
  });

  it('believes nobody else: a header is refused as no TLS, and without one everything is as ever', async () => {
    await start('192.0.2.1');
    await sending(tcp4('203.0.113.7', 1));
    expect(plaintext).to.deep.equal(['127.0.0.1']);
    const direct = connect(running.front.port, await clientCredentials(consortium, 'acme'));
    open.push(direct);
    expect(await ask(direct, 'Whoami')).to.deep.equal({ text: 'acme' });
    expect(running.calls[0]!.address).to.match(/^127\.0\.0\.1:/);
  });

  it('names the address a connection comes from when it speaks without TLS', async () => {
    await start('127.0.0.1');
    await sending(tcp4('203.0.113.7', 1), Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(plaintext).to.deep.equal(['203.0.113.7']);
  });
});
