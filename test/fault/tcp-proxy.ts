import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { resetSocket } from '../support/reset-socket.js';
import { type Fault, type Later, TcpPassage } from './tcp-passage.js';

export type { Fault, Throttle } from './tcp-passage.js';

/** What a client sends, and what it is sent. */
export type Direction = 'up' | 'down';

/** Of a connection. */
export interface Faults {
  readonly up?: Fault;
  readonly down?: Fault;
}

/** Bytes that went through one connection. */
export interface Passed {
  up: number;
  down: number;
}

export interface TcpProxyOptions {
  /** Timers of delay and throttle: those of the system unless said. */
  readonly later?: Later;
  /** What clients send is kept, for {@link TcpProxy.replay}. */
  readonly record?: boolean;
}

/** Passes TCP connections on to a port of this machine, and does to each what was ordered, to the byte. */
export class TcpProxy {
  readonly #server: Server;
  readonly #port: number;
  readonly #options: TcpProxyOptions;
  readonly #sockets = new Set<Socket>();
  readonly #passages = new Map<TcpPassage, Direction>();
  readonly #holding = new Set<Direction>();
  readonly #faults: Faults[] = [];
  readonly #sent: Buffer[][] = [];
  /** Of every connection, in the order they came. */
  readonly passed: Passed[] = [];

  private constructor(server: Server, port: number, options: TcpProxyOptions) {
    this.#server = server;
    this.#port = port;
    this.#options = options;
  }

  /** @param port where connections go, on the loopback. */
  static async listen(port: number, options: TcpProxyOptions = {}): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new TcpProxy(server, port, options);
    server.on('connection', (near: Socket) => proxy.#join(near));
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

  /** A one-way partition: from now on nothing goes through in that direction, on any connection, while all stay open. */
  partition(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#holding.add(direction);
    for (const [passage, direction] of this.#passages) if (directions.includes(direction)) passage.hold();
  }

  /** The end of all partitions; what was held up goes on. */
  heal(): void {
    this.#holding.clear();
    for (const passage of this.#passages.keys()) passage.release();
  }

  /** Reset every connection there is, on both sides. */
  cut(): void {
    for (const socket of this.#sockets) resetSocket(socket);
  }

  /** Send what the client of a recorded connection sent to the server once more, on a new one. @returns what comes back, to its end. */
  async replay(connection: number): Promise<Buffer> {
    const socket = connect({ host: '127.0.0.1', port: this.#port, allowHalfOpen: true });
    this.#keep(socket);
    const back: Buffer[] = [];
    socket.on('data', (piece: Buffer) => back.push(piece)).on('end', () => socket.end());
    socket.on('error', () => undefined);
    socket.write(Buffer.concat(this.#sent[connection]!));
    await new Promise((resolve) => socket.on('close', resolve));
    return Buffer.concat(back);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket): void {
    const far = connect({ host: '127.0.0.1', port: this.#port, allowHalfOpen: true });
    for (const socket of [near, far]) this.#keep(socket);
    const passed: Passed = { up: 0, down: 0 };
    const sent: Buffer[] = [];
    this.passed.push(passed);
    this.#sent.push(sent);
    const faults = this.#faults.shift() ?? {};
    const later: Later = this.#options.later ?? ((millis, run) => void setTimeout(run, millis));
    const cut = () => {
      for (const socket of [near, far]) resetSocket(socket);
    };
    for (const [direction, from, to] of [
      ['up', near, far],
      ['down', far, near],
    ] as const) {
      const note = (piece: Buffer) => {
        passed[direction] += piece.length;
        if (direction === 'up' && this.#options.record === true) sent.push(piece);
      };
      const passage = new TcpPassage(from, to, { fault: faults[direction] ?? {}, later, passed: note, cut });
      this.#passages.set(passage, direction);
      if (this.#holding.has(direction)) passage.hold();
      from.on('close', () => this.#passages.delete(passage));
    }
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
