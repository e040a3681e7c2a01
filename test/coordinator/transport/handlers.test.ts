import { EventEmitter } from 'node:events';
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
  const begin = (ahead?: SendAhead) => {
    const call = new SlowCall();
    const made: string[] = [];
    const handle = serverStream<object, string>({ ...context, ...(ahead && { ahead }) }, async function* () {
      for (const piece of ['first', 'second', 'third']) {
        made.push(piece);
        yield piece;
      }
    });
    handle(call as unknown as ServerWritableStream<object, string>);
    return { call, made };
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
    const ahead = new SendAhead(1);
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
    const ahead = new SendAhead(1);
    const { call } = begin(ahead);
    await settle();
    expect(ahead.take(0)).to.equal(false);
    call.emit('cancelled');
    await settle();
    expect(ahead.take(0)).to.equal(true);
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
