import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { DelayLine, openDelayProxy } from '@concordat/benchmarks';
import { expect } from 'chai';

/** Time that passes when a test says. */
class HandClock {
  #now = 0;
  readonly #timers = new Set<{ readonly due: number; readonly fire: () => void }>();

  monotonicMillis(): number {
    return this.#now;
  }

  after(afterMillis: number, fire: () => void): () => void {
    const timer = { due: this.#now + afterMillis, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  pass(millis: number): void {
    this.#now += millis;
    for (const timer of [...this.#timers]) {
      if (timer.due > this.#now) continue;
      this.#timers.delete(timer);
      timer.fire();
    }
  }
}

describe('a line that is long and wide', () => {
  const open = () => {
    const clock = new HandClock();
    const came: number[] = [];
    const line = new DelayLine<number>(clock, 25, (thing) => came.push(thing));
    return { clock, came, line };
  };

  it('gives everything back after its time, in order, and not more slowly than it went in', () => {
    const { clock, came, line } = open();
    const things = Array.from({ length: 10_000 }, (_, i) => i);
    for (const thing of things) line.put(thing);
    clock.pass(24);
    expect(came).to.deep.equal([]);
    clock.pass(1);
    expect(came).to.deep.equal(things);
  });

  it('keeps what went in apart as far apart', () => {
    const { clock, came, line } = open();
    const seen: number[][] = [];
    for (let millis = 0; millis < 60; millis += 10) {
      if (millis < 30) line.put(millis);
      seen.push([...came]);
      clock.pass(10);
    }
    expect(seen).to.deep.equal([[], [], [], [0], [0, 10], [0, 10, 20]]);
  });

  it('loses what is on the way when it is cut', () => {
    const { clock, came, line } = open();
    line.put(1);
    line.cut();
    line.put(2);
    clock.pass(25);
    expect(came).to.deep.equal([2]);
  });

  it('lies between two sockets, also when one of them ends', async () => {
    const echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const targetPort = (echo.address() as AddressInfo).port;
    const proxy = await openDelayProxy({ targetPort, oneWayMillis: 1 });
    const socket = connect({ port: proxy.port, host: '127.0.0.1' });
    const sent = Buffer.alloc(3_000_000, 7);
    const came: Buffer[] = [];
    socket.on('data', (data: Buffer) => came.push(data));
    socket.end(sent);
    await once(socket, 'end');
    expect(Buffer.concat(came).equals(sent)).to.equal(true);
    proxy.close();
    echo.close();
  });
});
