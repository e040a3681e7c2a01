import { once } from 'node:events';
import http2, { type ClientHttp2Session } from 'node:http2';
import { promisify } from 'node:util';
import { bounds } from '@concordat/core';
import { createWideServer } from '@concordat/node';
import { ServerCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';

const { controlFramesPerMinuteMax: framesMax } = bounds;

describe('a connection that is flooded', () => {
  let stop: () => void;
  let open: () => Promise<ClientHttp2Session>;

  before(async () => {
    const { server } = createWideServer({});
    const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', ServerCredentials.createInsecure());
    stop = () => server.forceShutdown();
    open = async () => {
      const session = http2.connect(`http://127.0.0.1:${port}`);
      await once(session, 'connect');
      return session;
    };
  });
  after(() => stop());

  /** One after the other has been answered, so that no answers pile up. @returns how many were answered. */
  async function send(
    session: ClientHttp2Session,
    frames: number,
    one: (answered: (error: Error | null) => void) => void,
  ) {
    const closed = new Promise<false>((resolve) => session.once('close', () => resolve(false)));
    session.on('error', () => undefined);
    for (let sent = 0; sent < frames; sent++) {
      const answered = new Promise<boolean>((resolve) => one((error) => resolve(error === null)));
      if (!(await Promise.race([answered, closed]))) return sent;
    }
    return frames;
  }

  it('is ended for pings that are answered as they come, and told to calm down', async () => {
    const session = await open();
    const told = new Promise<number>((resolve) => session.once('goaway', resolve));
    // One of the frames is the settings that every connection begins with.
    expect(await send(session, framesMax, (answered) => session.ping(answered))).to.be.below(framesMax);
    expect(await told).to.equal(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });

  it('is ended for settings that are answered as they come', async () => {
    const session = await open();
    const settings = { initialWindowSize: 65_535 };
    expect(await send(session, framesMax, (answered) => session.settings(settings, answered))).to.be.below(framesMax);
  });

  it('is none with the pings of a client that measures its line', async () => {
    const session = await open();
    const pings = framesMax / 2;
    expect(await send(session, pings, (answered) => session.ping(answered))).to.equal(pings);
    session.destroy();
  });
});
