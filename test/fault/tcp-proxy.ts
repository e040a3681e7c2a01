import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to the bytes of one direction of one connection. */
export interface Fault {
  /** So many pass, then the connection is reset on both sides. */
  readonly cutAfterBytes?: number;
  /** So many pass, and then nothing more, while the connection stays open. */
  readonly silentAfterBytes?: number;
}

/** Of a connection: what its client sends, and what it is sent. */
export interface Faults {
  readonly up?: Fault;
  readonly down?: Fault;
}

/** Bytes that went through one connection. */
export interface Passed {
  up: number;
  down: number;
}

/** Passes TCP connections on to a port of this machine, and does to each what was ordered, to the byte. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #faults: Faults[] = [];
  /** Of every connection, in the order they came. */
  readonly passed: Passed[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param port where connections go, on the loopback. */
  static async listen(port: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new TcpProxy(server);
    server.on('connection', (near: Socket) => proxy.#join(near, port));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connections, one for each; those behind them pass unharmed. */
  order(...faults: readonly Faults[]): void {
    this.#faults.push(...faults);
  }

  /** Reset every connection there is, on both sides. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket, port: number): void {
    const far = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const passed: Passed = { up: 0, down: 0 };
    this.passed.push(passed);
    const { up = {}, down = {} } = this.#faults.shift() ?? {};
    const cut = () => {
      for (const socket of [near, far]) socket.resetAndDestroy();
    };
    this.#pass([near, far], up, { add: (bytes) => (passed.up += bytes), cut });
    this.#pass([far, near], down, { add: (bytes) => (passed.down += bytes), cut });
  }

  #pass(
    [from, to]: readonly [Socket, Socket],
    { cutAfterBytes = Number.POSITIVE_INFINITY, silentAfterBytes = Number.POSITIVE_INFINITY }: Fault,
    told: { readonly add: (bytes: number) => number; readonly cut: () => void },
  ): void {
    this.#sockets.add(from);
    const end = Math.min(cutAfterBytes, silentAfterBytes);
    from.setNoDelay();
    from.on('data', (piece: Buffer) => {
      const before = told.add(0);
      const through = piece.subarray(0, Math.max(0, end - before));
      if (through.length > 0) {
        told.add(through.length);
        if (!to.write(through)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      }
      // The last byte before it arrives: a reset would take what is under way with it.
      if (before + piece.length > cutAfterBytes) to.write('', told.cut);
    });
    from.on('end', () => {
      if (told.add(0) < silentAfterBytes) to.end();
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
