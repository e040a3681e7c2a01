import { EventEmitter, getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { type CallContext, RefusalLog, SendAhead, serverStream } from '@concordat/coordinator';
import { systemClock } from '@concordat/node';
import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import { expect } from 'chai';
import { pino } from 'pino';

const context: CallContext = {
  callerOf: () => ({ role: 'anonymous' }),
  refusals: new RefusalLog(pino({ level: 'silent' }), systemClock),
};

/** A stream whose connection takes a reply when a test says. */
class SlowCall extends EventEmitter {
  readonly request = {};
  readonly metadata = new Metadata();
  readonly taken: (() => void)[] = [];
  ended = false;

  write(_reply: string, done: () => void): boolean {
    this.taken.push(done);
    return true;
  }

  end(): void {
    this.ended = true;
  }

  getPath(): string {
    return '/concordat.v1.Blobs/Get';
  }
}

describe('a stream of replies', () => {
  const replyBytes = 1_000;
  const begin = (ahead?: SendAhead) => {
    const call = new SlowCall();
    const made: string[] = [];
    const gone: AbortSignal[] = [];
    const handle = serverStream<object, Buffer>(
      { ...context, ...(ahead && { ahead }) },
      async function* (_, __, signal) {
        gone.push(signal);
        for (const piece of ['first', 'second', 'third']) {
          made.push(piece);
          yield Buffer.alloc(replyBytes);
        }
      },
    );
    handle(call as unknown as ServerWritableStream<object, Buffer>);
    return { call, made, watchers: () => getEventListeners(gone[0]!, 'abort').length };
  };
  const settle = async () => {
    for (let i = 0; i < 20; i++) await turn();
  };

  it('makes the next one only when the connection took the last', async () => {
    const { call, made } = begin();
    for (const pieces of [['first'], ['first', 'second'], ['first', 'second', 'third']]) {
      await settle();
      expect(made).to.deep.equal(pieces);
      expect(call.ended).to.equal(false);
      call.taken.at(-1)!();
    }
    await settle();
    expect(call.ended).to.equal(true);
  });

  it('makes so many before the connection took the last, of all streams together', async () => {
    const ahead = new SendAhead(1_999);
    const [one, other] = [begin(ahead), begin(ahead)];
    await settle();
    expect([one.made, other.made]).to.deep.equal([['first', 'second'], ['first']]);
    one.call.taken[0]!();
    await settle();
    // What it gave back, nobody waits for: the other goes on when the connection took its own.
    other.call.taken[0]!();
    await settle();
    expect([one.made, other.made]).to.deep.equal([
      ['first', 'second'],
      ['first', 'second', 'third'],
    ]);
  });

  it('gives back what a reader that is gone had on its way', async () => {
    const ahead = new SendAhead(1_999);
    const { call } = begin(ahead);
    await settle();
    expect(ahead.take(replyBytes, 0)).to.equal(false);
    call.emit('cancelled');
    await settle();
    expect(ahead.take(replyBytes, 0)).to.equal(true);
  });

  it('watches once for its reader to go, however many replies are on their way', async () => {
    const { made, watchers } = begin(new SendAhead(2_000));
    await settle();
    expect([made.length, watchers()]).to.deep.equal([3, 1]);
  });

  it('makes of one stream no more than a mebibyte before', () => {
    const ahead = new SendAhead(2 ** 30);
    expect([ahead.take(2 ** 19, 2 ** 19), ahead.take(2 ** 19, 2 ** 19 + 1)]).to.deep.equal([true, false]);
  });

  it('makes no more for a reader that is gone', async () => {
    const { call, made } = begin();
    await settle();
    call.emit('cancelled');
    await settle();
    expect(made).to.deep.equal(['first', 'second']);
    expect([call.taken.length, call.ended]).to.deep.equal([1, false]);
  });
});
