import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { WideConnections } from '@concordat/node';
import { expect } from 'chai';

const windows = { streamBytes: 4_000_000, connectionBytes: 8_000_000, waitingBytes: 128_000, wideMax: 2 };

describe('connections with uploads', () => {
  let server: Http2Server;
  /** Both ends of each connection, in the order they came. */
  let connections: { readonly client: ClientHttp2Session; readonly session: ServerHttp2Session }[];

  beforeEach(async () => {
    const wide = new WideConnections(windows);
    server = createServer({ settings: { initialWindowSize: windows.waitingBytes } }).listen(0, '127.0.0.1');
    server.on('session', (session) => wide.watch(session, (path) => path.startsWith('/upload')));
    server.on('stream', (stream: ServerHttp2Stream) => {
      // As grpc-js does.
      stream.on('error', () => undefined);
      stream.respond({ ':status': 200 });
    });
    await once(server, 'listening');
    connections = [];
    for (let i = 0; i < 4; i++) {
      const accepted = once(server, 'session') as Promise<[ServerHttp2Session]>;
      const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      const [session] = await accepted;
      connections.push({ client, session });
    }
  });

  afterEach(() => {
    for (const { client } of connections) client.destroy();
    server.close();
  });

  /** A call whose request stays open. */
  async function begin(connection: number, path: string): Promise<ClientHttp2Stream> {
    const call = connections[connection]!.client.request({ ':method': 'POST', ':path': path });
    await once(call, 'response');
    return call;
  }

  async function end(connection: number, call: ClientHttp2Stream): Promise<void> {
    const { session } = connections[connection]!;
    const closed = new Promise<void>((resolve) => {
      const look = () =>
        session.state.effectiveLocalWindowSize === windows.waitingBytes ? resolve() : setImmediate(look);
      look();
    });
    call.close();
    await closed;
  }

  const wideOnes = () =>
    connections.flatMap(({ session }, i) =>
      session.state.effectiveLocalWindowSize === windows.connectionBytes ? [i] : [],
    );

  it('have wide windows so many at a time, in the order they came, until their uploads end', async () => {
    expect(wideOnes()).to.deep.equal([]);
    const third = await begin(3, '/upload');
    expect(wideOnes()).to.deep.equal([3]);
    await begin(0, '/upload');
    const waiting = await begin(2, '/upload');
    await begin(1, '/upload');
    expect(wideOnes()).to.deep.equal([0, 3]);
    await end(3, third);
    expect(wideOnes()).to.deep.equal([0, 2]);
    await end(2, waiting);
    expect(wideOnes()).to.deep.equal([0, 1]);
  });

  it('keep them as long as one of their uploads is open', async () => {
    const [first, second] = [await begin(0, '/upload'), await begin(0, '/upload/2')];
    first.close();
    await once(first, 'close');
    // Behind the end of the first on the same connection.
    await begin(0, '/other');
    expect(wideOnes()).to.deep.equal([0]);
    await end(0, second);
    expect(wideOnes()).to.deep.equal([]);
  });

  it('are those alone: other calls stay with the narrow ones', async () => {
    await begin(0, '/other');
    expect(wideOnes()).to.deep.equal([]);
    expect(connections[0]!.session.state.effectiveLocalWindowSize).to.equal(windows.waitingBytes);
  });

  /** The window of a stream on whose connection all has come that was under way. */
  async function streamWindow(connection: number): Promise<number | undefined> {
    const { client } = connections[connection]!;
    await new Promise<void>((resolve) => client.ping(() => resolve()));
    return client.remoteSettings.initialWindowSize;
  }

  it('have a wide window for each stream as well, for as long: that is what may lie unread', async () => {
    const first = await begin(0, '/upload');
    await begin(1, '/upload');
    await begin(2, '/upload');
    expect(await streamWindow(0)).to.equal(windows.streamBytes);
    expect(await streamWindow(2)).to.equal(windows.waitingBytes);
    await end(0, first);
    expect(await streamWindow(0)).to.equal(windows.waitingBytes);
    expect(await streamWindow(2)).to.equal(windows.streamBytes);
  });

  it('end when they leave their settings unacknowledged', async () => {
    const { client, session } = connections[0]!;
    const gone = new Promise<void>((resolve) => session.once('close', () => resolve()));
    // Before its turn, as many as may be open; no answer can have come in between.
    session.prependListener('stream', () => {
      for (let open = 0; open < 10; open++) session.settings({});
    });
    client.on('error', () => undefined);
    client.request({ ':method': 'POST', ':path': '/upload' }).on('error', () => undefined);
    await gone;
    expect(wideOnes()).to.deep.equal([]);
  });

  it('give their turn away when they are lost', async () => {
    await begin(0, '/upload');
    await begin(1, '/upload');
    await begin(2, '/upload');
    const gone = once(connections[0]!.session, 'close');
    connections[0]!.client.destroy();
    await gone;
    expect(connections[2]!.session.state.effectiveLocalWindowSize).to.equal(windows.connectionBytes);
  });
});
