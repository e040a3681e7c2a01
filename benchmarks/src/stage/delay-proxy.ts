import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Clock, systemClock } from '@concordat/node';
import { DelayLine } from './delay-line.js';

export interface DelayProxyOptions {
  /** On the loopback. */
  readonly targetPort: number;
  /** Of each direction. */
  readonly oneWayMillis: number;
  readonly clock?: Clock;
}

export interface DelayProxy {
  readonly port: number;
  close(): void;
}

/** A TCP proxy on the loopback through which everything, ends included, comes so much later, and nothing more slowly. */
export async function openDelayProxy({
  targetPort,
  oneWayMillis,
  clock = systemClock,
}: DelayProxyOptions): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      keep(from);
      carry(from, to, { clock, oneWayMillis });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

// What is read is not held back when the other side does not take it: a long line does not either. The windows above TCP bound it.
function carry(from: Socket, to: Socket, { clock, oneWayMillis }: { clock: Clock; oneWayMillis: number }): void {
  const line = new DelayLine<Buffer | 'end' | 'gone'>(clock, oneWayMillis, (thing) => {
    if (to.destroyed) return;
    if (thing === 'end') to.end();
    else if (thing === 'gone') to.destroy();
    else to.write(thing);
  });
  from.on('data', (data: Buffer) => line.put(data));
  from.on('end', () => line.put('end'));
  from.on('error', () => line.put('gone'));
  to.on('close', () => line.cut());
}
