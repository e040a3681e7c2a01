import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { TcpProxy } from './tcp-proxy.js';

describe('a line that breaks where it is told to', () => {
  let server: Server;
  let proxy: TcpProxy;
  let heard: Buffer[];

  beforeEach(async () => {
    heard = [];
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (piece) => {
        heard.push(piece);
        socket.write(piece);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await TcpProxy.listen((server.address() as AddressInfo).port);
  });

  afterEach(async () => {
    await proxy.close();
    server.close();
  });

  /** Everything that comes back until the line is over, or so many bytes are there. */
  async function echoed(bytes: Buffer, enough = Number.POSITIVE_INFINITY): Promise<{ back: number; socket: Socket }> {
    const socket = connect({ host: '127.0.0.1', port: proxy.port });
    let back = 0;
    await new Promise<void>((resolve) => {
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
      socket.on('data', (piece: Buffer) => {
        back += piece.length;
        if (back >= enough) resolve();
      });
      socket.write(bytes);
    });
    return { back, socket };
  }

  const bytes = Buffer.alloc(300_000, 7);

  it('passes everything on, unless something was ordered', async () => {
    const { socket } = await echoed(bytes, bytes.length);
    socket.destroy();
    expect(Buffer.concat(heard).equals(bytes)).to.equal(true);
    expect(proxy.passed).to.deep.equal([{ up: 300_000, down: 300_000 }]);
  });

  it('cuts at the byte, in either direction, and the next connection is whole', async () => {
    proxy.order({ up: { cutAfterBytes: 123_457 } }, { down: { cutAfterBytes: 5 } });
    await echoed(bytes);
    expect(proxy.passed[0]!.up).to.equal(123_457);
    const { back } = await echoed(bytes);
    expect([back <= 5, proxy.passed[1]!.down]).to.deep.equal([true, 5]);
    const { socket } = await echoed(bytes, bytes.length);
    socket.destroy();
    expect(proxy.passed[2]).to.deep.equal({ up: 300_000, down: 300_000 });
  });

  it('falls silent at the byte and stays open', async () => {
    proxy.order({ down: { silentAfterBytes: 1_000 } });
    const { back, socket } = await echoed(bytes, 1_000);
    expect([back, socket.destroyed]).to.deep.equal([1_000, false]);
    socket.destroy();
  });
});
