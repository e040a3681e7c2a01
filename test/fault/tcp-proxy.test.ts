import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { TcpProxy, type TcpProxyOptions } from './tcp-proxy.js';

/** Timers that fire when the test says how much time went by. */
class HandTimers {
  readonly #waiting: { readonly at: number; readonly run: () => void }[] = [];
  #now = 0;
  #heard: () => void = () => undefined;
  readonly later = (millis: number, run: () => void) => {
    this.#waiting.push({ at: this.#now + millis, run });
    this.#heard();
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when something waits. */
  async some(): Promise<void> {
    while (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#heard = resolve));
  }

  /** Let so much time go by, with everything that falls due in it. */
  pass(millis: number): void {
    const until = this.#now + millis;
    for (;;) {
      const [next] = [...this.#waiting].sort((a, b) => a.at - b.at);
      if (next === undefined || next.at > until) break;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#now = next.at;
      next.run();
    }
    this.#now = until;
  }
}

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

  /** Another line to the same server. */
  async function line(options: TcpProxyOptions): Promise<TcpProxy> {
    await proxy.close();
    proxy = await TcpProxy.listen((server.address() as AddressInfo).port, options);
    return proxy;
  }

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

  it('delays every byte of a direction by the same time, however many there are', async () => {
    const timers = new HandTimers();
    await line({ later: timers.later });
    proxy.order({ up: { delayMillis: 300 } });
    const back = echoed(bytes, bytes.length);
    await timers.some();
    timers.pass(299);
    expect([heard.length, proxy.passed[0]!.up]).to.deep.equal([0, 0]);
    // All that came until now is through at once: a line that is long, not narrow.
    const waiting = timers.waiting;
    timers.pass(1);
    expect([proxy.passed[0]!.up > 0, waiting > 0, timers.waiting]).to.deep.equal([true, true, 0]);
    const rest = setInterval(() => timers.pass(300), 1);
    (await back).socket.destroy();
    clearInterval(rest);
    expect(Buffer.concat(heard).equals(bytes)).to.equal(true);
  });

  it('lets bytes through at a rate, down to one in a second, and all that is behind them at once', async () => {
    const timers = new HandTimers();
    await line({ later: timers.later });
    proxy.order({ up: { throttle: { afterBytes: 100, bytesPerSecond: 1, bytes: 5 } } });
    const back = echoed(bytes, bytes.length);
    await timers.some();
    const passed = [];
    for (let second = 0; second < 5; second++) {
      passed.push(proxy.passed[0]!.up);
      timers.pass(999);
      passed.push(proxy.passed[0]!.up);
      timers.pass(1);
    }
    (await back).socket.destroy();
    expect(passed).to.deep.equal([100, 100, 101, 101, 102, 102, 103, 103, 104, 104]);
    expect(Buffer.concat(heard).equals(bytes)).to.equal(true);
  });

  it('holds one direction until it heals, and loses nothing', async () => {
    const first = connect({ host: '127.0.0.1', port: proxy.port });
    let back = 0;
    const whole = new Promise<void>((resolve) => {
      first.on('data', (piece: Buffer) => {
        back += piece.length;
        if (back === 2_000) resolve();
      });
    });
    first.write(bytes.subarray(0, 1_000));
    while (back < 1_000) await once(first, 'data');
    proxy.partition('down');
    first.write(bytes.subarray(0, 1_000));
    while (Buffer.concat(heard).length < 2_000) await new Promise((resolve) => setImmediate(resolve));
    expect([back, proxy.passed[0]]).to.deep.equal([1_000, { up: 2_000, down: 1_000 }]);
    // A new connection is made, and hears as little.
    const second = connect({ host: '127.0.0.1', port: proxy.port });
    second.write(bytes.subarray(0, 10));
    while ((proxy.passed[1]?.up ?? 0) < 10) await new Promise((resolve) => setImmediate(resolve));
    expect(second.bytesRead).to.equal(0);
    proxy.heal();
    await whole;
    if (second.bytesRead === 0) await once(second, 'data');
    for (const socket of [first, second]) socket.destroy();
  });

  it('brings bytes a second time, right behind their last', async () => {
    proxy.order({ up: { again: { fromByte: 2, toByte: 5 } } });
    const { socket } = await echoed(Buffer.from('0123456789'), 13);
    socket.destroy();
    expect(Buffer.concat(heard).toString()).to.equal('0123423456789');
    expect(proxy.passed[0]!.up).to.equal(10);
  });

  it('replays what a connection brought on another one', async () => {
    await line({ record: true });
    const { socket } = await echoed(Buffer.from('open the door'), 13);
    socket.destroy();
    heard = [];
    server.on('connection', (other: Socket) => other.once('data', () => other.end()));
    expect((await proxy.replay(0)).toString()).to.equal('open the door');
    expect(Buffer.concat(heard).toString()).to.equal('open the door');
  });

  it('passes on the end of one side, also when it is far away', async () => {
    const timers = new HandTimers();
    await line({ later: timers.later });
    proxy.order({ up: { delayMillis: 50 } });
    const ended = new Promise<void>((resolve) => {
      server.on('connection', (socket: Socket) => socket.on('end', () => resolve()));
    });
    const socket = connect({ host: '127.0.0.1', port: proxy.port });
    socket.end('farewell');
    const time = setInterval(() => timers.pass(50), 1);
    await ended;
    clearInterval(time);
    expect(Buffer.concat(heard).toString()).to.equal('farewell');
    socket.destroy();
  });
});
