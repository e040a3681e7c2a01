import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** Where an attacker sends things, and as whom. */
export interface Target {
  readonly port: number;
  readonly authorityPem: string;
  /** Of a participant that attacks; without it a stranger does. */
  readonly certificatePem?: string;
  readonly privateKeyPem?: string;
}

/** A connection of HTTP/2 whose frames are written by hand. @param from the address of this machine that it comes from. */
export async function dial(target: Target, from: string): Promise<TLSSocket> {
  const { port, authorityPem: ca, certificatePem: cert, privateKeyPem: key } = target;
  const tcp = connectTcp({ host: '127.0.0.1', port, localAddress: from, noDelay: true });
  const socket = connectTls({
    socket: tcp,
    ca,
    ...(cert === undefined ? {} : { cert, key }),
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  });
  for (const one of [tcp, socket]) one.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const frameTypes = { headers: 1, settings: 4, ping: 6, continuation: 9 } as const;

export function frame(type: number, { flags = 0, stream = 0, payload = Buffer.alloc(0) }): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Write pieces as fast as they are taken. @returns how the other end took it. */
export async function flood(socket: TLSSocket, pieces: Iterable<Buffer>, millis = 10_000): Promise<string> {
  const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')));
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), millis).unref());
  socket.resume();
  for (const piece of pieces) {
    if (socket.destroyed) return 'the connection was ended';
    if (socket.write(piece)) continue;
    const next = await Promise.race([once(socket, 'drain').catch(() => 'closed'), closed, late]);
    if (next === 'closed') return 'the connection was ended';
    if (next === 'late') break;
  }
  const end = await Promise.race([closed, new Promise((resolve) => setTimeout(() => resolve('open'), 500))]);
  socket.destroy();
  return end === 'closed' ? 'the connection was ended' : 'taken, and nothing came of it';
}
