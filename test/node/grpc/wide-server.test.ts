import http2 from 'node:http2';
import { promisify } from 'node:util';
import { createWideServer, defaultWindows, readSingly } from '@concordat/node';
import { credentials, ServerCredentials, type ServerReadableStream, type sendUnaryData } from '@grpc/grpc-js';
import { expect } from 'chai';
import { clientCredentials, connect, delayProxy, makeConsortium, send, service, startEcho } from './echo-service.js';

describe('the wide server', () => {
  it('has wide windows with the installed grpc-js', () => {
    expect(createWideServer({}).narrow).to.equal(undefined);
  });

  it('falls back to a plain server with a version nobody tested, and says so', async () => {
    expect(createWideServer({}, undefined, '2.0.0').narrow).to.include('grpc-js 2.0.0');
    const consortium = await makeConsortium();
    const running = await startEcho(consortium, () => ({ allow: true }), {}, undefined, '2.0.0');
    const client = connect(running.front.port, await clientCredentials(consortium, 'acme'));
    expect(await send(client, 300_000)).to.deep.equal({ text: '300000' });
    client.close();
    await running.stop();
  });

  it('takes far fewer round trips for an upload over a long distance', async () => {
    const consortium = await makeConsortium();
    // 50 ms there and back. With 64 KiB windows 1 MiB takes at least 16 round trips, 800 ms, whatever the machine.
    const millisFor = async (version: string | undefined): Promise<number> => {
      const running = await startEcho(consortium, () => ({ allow: true }), {}, undefined, version);
      const proxy = await delayProxy(running.front.port, 25);
      const client = connect(proxy.port, await clientCredentials(consortium, 'acme'));
      await send(client, 1);
      const started = performance.now();
      const outcome = await send(client, 1024 * 1024);
      const millis = performance.now() - started;
      client.close();
      proxy.close();
      await running.stop();
      expect(outcome).to.deep.equal({ text: String(1024 * 1024) });
      return millis;
    };
    const [wide, narrow] = [await millisFor(undefined), await millisFor('2.0.0')];
    expect(narrow).to.be.above(700);
    expect(wide).to.be.below(narrow / 2);
  });

  it('gives its wide windows to uploads: another call on its way keeps none of them', async () => {
    const { server } = createWideServer({}, { ...defaultWindows, wideMax: 1 });
    const asked = new Promise<void>((resolve) => server.addService(service, { Silent: () => resolve(), Count() {} }));
    const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', ServerCredentials.createInsecure());
    const [first, second] = [http2.connect(`http://127.0.0.1:${port}`), http2.connect(`http://127.0.0.1:${port}`)];
    const headers = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
    // An empty message: a flag, and four bytes of length.
    first.request({ ...headers, ':path': service.Silent.path }).end(Buffer.alloc(5));
    await asked;
    second.request({ ...headers, ':path': service.Count.path });
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (second.state.remoteWindowSize === defaultWindows.connectionBytes) resolve();
        else setImmediate(look);
      };
      look();
    });
    expect(first.state.remoteWindowSize).to.be.at.most(defaultWindows.waitingBytes);
    first.destroy();
    second.destroy();
    server.forceShutdown();
  }).timeout(5_000);

  it('reads no message ahead of one that nobody took, when a call is read singly', async () => {
    const { server } = createWideServer({});
    const ahead: number[] = [];
    server.addService(service, {
      async Count(call: ServerReadableStream<Buffer, Buffer>, reply: sendUnaryData<Buffer>) {
        expect(readSingly(call)).to.equal(true);
        let count = 0;
        for await (const message of call) {
          count += (message as Buffer).length;
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
          ahead.push(call.readableLength);
        }
        reply(null, Buffer.from(String(count)));
      },
      Silent() {},
      Whoami() {},
    });
    const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', ServerCredentials.createInsecure());
    const client = connect(port, credentials.createInsecure());
    expect(await send(client, 12_000, 1_000)).to.deep.equal({ text: '12000' });
    expect(Math.max(...ahead)).to.equal(1);
    client.close();
    server.forceShutdown();
  });

  it('says when another version does not let a call be read singly', () => {
    expect(readSingly({})).to.equal(false);
  });
});
