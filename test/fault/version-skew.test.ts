import { type Transport, tlsTransport } from '@concordat/node';
import { expect } from 'chai';
import { names } from '../hostile/consortium.js';
import { ExactConsortium } from './exact-consortium.js';

/** Field 2000 of every message, 8 bytes: what the next version may add, and this one does not know. */
const added = Buffer.from([0x82, 0x7d, 8, ...Buffer.from('tomorrow')]);
/** Field 1 of the check-in, packed: the next version of the wire, beside those the client names. */
const nextWireVersion = Buffer.from([0x0a, 1, 2]);

/** Mutual TLS to a peer of the next version: `sends` or `hears` more than this version knows. */
function ofTheNextVersion(who: 'sends' | 'hears', count: () => void): Transport {
  const more = (message: Uint8Array, ...fields: readonly Uint8Array[]) => {
    count();
    return Buffer.concat([message, ...fields, added]);
  };
  return {
    channel(address, tls, settings) {
      const channel = tlsTransport.channel(address, tls, settings);
      const createCall = channel.createCall.bind(channel);
      channel.createCall = (method, ...rest) => {
        const call = createCall(method, ...rest);
        if (who === 'sends') {
          const send = call.sendMessageWithContext.bind(call);
          const versions = method.endsWith('/CheckIn') ? [nextWireVersion] : [];
          call.sendMessageWithContext = (context, message) => send(context, more(message, ...versions));
        } else {
          const start = call.start.bind(call);
          call.start = (metadata, listener) => {
            const onReceiveMessage = (message: Uint8Array) => listener.onReceiveMessage(more(message));
            start(metadata, {
              onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
              onReceiveStatus: (status) => listener.onReceiveStatus(status),
              onReceiveMessage,
            });
          };
        }
        return call;
      };
      return channel;
    },
  };
}

describe('software of the next version', function () {
  this.timeout(60_000);
  let consortium: ExactConsortium;

  before(async () => {
    consortium = await ExactConsortium.open();
  });
  afterEach(() => consortium.rest());
  after(() => consortium.close());

  for (const [who, title] of [
    [
      'sends',
      'at a participant, which offers the next wire version too and says more in every message, is in every sum',
    ],
    ['hears', 'at a coordinator, which says more in every message, is understood by a participant of this one'],
  ] as const) {
    it(title, async () => {
      let messages = 0;
      const transport = ofTheNextVersion(who, () => {
        messages += 1;
      });
      await consortium.start();
      const run = await consortium.begin({ rounds: 2 });
      const events: string[] = [];
      const ends = await consortium.takePart((name) =>
        name === names[0] ? { transport, onEvent: ({ type }) => void events.push(type) } : {},
      );
      expect(ends).to.deep.equal(Array(5).fill('completed'));
      expect(events).to.not.include('refused');
      // Every answer and every upload of two rounds, or what came for them.
      expect(messages).to.be.above(16);
      const { rounds, wrongLanes } = await consortium.outcome(run);
      const survivors = [...names].sort();
      expect({ rounds, wrongLanes }).to.deep.equal({
        rounds: [1, 2].map((round) => ({ round, outcome: 'published', survivors })),
        wrongLanes: 0,
      });
    });
  }
});
