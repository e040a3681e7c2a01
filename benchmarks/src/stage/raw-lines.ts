import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createSecureServer,
  type ServerHttp2Session,
} from 'node:http2';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { createServer as createTlsServer, connect as dialTls, type TLSSocket } from 'node:tls';
import { defaultWindows } from '@concordat/node';
import type { TlsParties } from './tls-parties.js';

/** Moving bytes with nothing of ours in between. */
export interface RawLine {
  /** Resolves when all bytes are here. */
  down(bytes: number): Promise<void>;
  /** Resolves when the other side says that all bytes are there. */
  up(bytes: number): Promise<void>;
  /** There and back with as many bytes as a small gRPC call has, about. */
  ping(): Promise<void>;
  /** What encrypts it. */
  readonly cipher: string;
  close(): void;
}

const pieceBytes = 65_536;
const pingBytes = 128;
const piece = Buffer.alloc(pieceBytes, 1);
const { connectionBytes } = defaultWindows;

/** An order takes nine bytes on a socket: what, and how much. */
const orderBytes = 9;
const orders = { down: 1, up: 2, ping: 3 } as const;

/** @returns the port; TLS when there are parties. */
export async function serveRaw(parties?: TlsParties): Promise<number> {
  const server =
    parties === undefined
      ? createServer({ noDelay: true }, serveSocket)
      : createTlsServer(
          {
            cert: parties.server.certificatePem,
            key: parties.server.privateKeyPem,
            ca: parties.authorityPem,
            requestCert: true,
            rejectUnauthorized: true,
            minVersion: 'TLSv1.3',
            noDelay: true,
          },
          serveSocket,
        );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function serveSocket(socket: Socket): void {
  socket.on('error', () => undefined);
  const serve = async (): Promise<void> => {
    const reader = new SocketReader(socket);
    for (;;) {
      const order = await reader.take(orderBytes);
      if (order === undefined) return;
      const bytes = Number(order.readBigUInt64BE(1));
      if (order[0] === orders.down) await write(socket, bytes);
      else {
        await reader.skip(bytes);
        socket.write(order[0] === orders.up ? Buffer.alloc(1) : Buffer.alloc(pingBytes));
      }
    }
  };
  void serve();
}

/** @param parties makes it TLS, of the same versions and ciphers as a participant's. */
export async function openRaw(port: number, parties?: TlsParties): Promise<RawLine> {
  const socket =
    parties === undefined
      ? dial({ port, host: '127.0.0.1', noDelay: true })
      : dialTls({
          port,
          host: '127.0.0.1',
          ca: parties.authorityPem,
          cert: parties.client.certificatePem,
          key: parties.client.privateKeyPem,
        });
  socket.setNoDelay(true);
  await once(socket, parties === undefined ? 'connect' : 'secureConnect');
  const reader = new SocketReader(socket);
  const order = (what: keyof typeof orders, bytes: number) => {
    const head = Buffer.alloc(orderBytes);
    head[0] = orders[what];
    head.writeBigUInt64BE(BigInt(bytes), 1);
    socket.write(head);
  };
  return {
    cipher: parties === undefined ? 'none' : (socket as TLSSocket).getCipher().name,
    async down(bytes) {
      order('down', bytes);
      await reader.skip(bytes);
    },
    async up(bytes) {
      order('up', bytes);
      await write(socket, bytes);
      await reader.skip(1);
    },
    async ping() {
      order('ping', pingBytes);
      socket.write(Buffer.alloc(pingBytes));
      await reader.skip(pingBytes);
    },
    close: () => socket.destroy(),
  };
}

async function write(socket: Socket, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= pieceBytes) {
    if (!socket.write(left < pieceBytes ? piece.subarray(0, left) : piece)) await once(socket, 'drain');
  }
}

/** Bytes of a socket, counted as they come and looked at where somebody wants to. */
class SocketReader {
  #skipping = 0;
  #kept = Buffer.alloc(0);
  #ended = false;
  #more: () => void = () => undefined;

  constructor(socket: Socket) {
    socket.on('data', (data: Buffer) => {
      const skipped = Math.min(this.#skipping, data.length);
      this.#skipping -= skipped;
      if (skipped < data.length) this.#kept = Buffer.concat([this.#kept, data.subarray(skipped)]);
      if (this.#skipping === 0) this.#more();
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#more();
    });
  }

  async skip(bytes: number): Promise<void> {
    const here = Math.min(bytes, this.#kept.length);
    this.#kept = this.#kept.subarray(here);
    this.#skipping = bytes - here;
    while (this.#skipping > 0 && !this.#ended) await this.#wait();
  }

  /** @returns undefined at the end. */
  async take(bytes: number): Promise<Buffer | undefined> {
    while (this.#kept.length < bytes) {
      if (this.#ended) return undefined;
      await this.#wait();
    }
    const taken = this.#kept.subarray(0, bytes);
    this.#kept = this.#kept.subarray(bytes);
    return taken;
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#more = resolve;
    });
  }
}

/** HTTP/2 of Node over the same TLS, with windows as wide as ours unless said. @returns the port. */
export async function serveHttp2(parties: TlsParties, windowBytes = connectionBytes): Promise<number> {
  const server = createSecureServer({
    cert: parties.server.certificatePem,
    key: parties.server.privateKeyPem,
    ca: parties.authorityPem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    settings: { initialWindowSize: windowBytes },
  });
  server.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(windowBytes));
  server.on('stream', (stream, headers) => {
    const bytes = Number(headers['x-bytes']);
    stream.on('error', () => undefined);
    stream.resume();
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/down') void writeStream(stream, bytes);
    else stream.on('end', () => stream.end(Buffer.alloc(1)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export async function openHttp2(port: number, parties: TlsParties): Promise<RawLine> {
  const session = connectHttp2(`https://localhost:${port}`, {
    ca: parties.authorityPem,
    cert: parties.client.certificatePem,
    key: parties.client.privateKeyPem,
    settings: { initialWindowSize: connectionBytes },
  });
  await once(session, 'connect');
  session.setLocalWindowSize(connectionBytes);
  return {
    cipher: (session.socket as TLSSocket).getCipher().name,
    down: (bytes) => exchange(session, '/down', bytes, 0),
    up: (bytes) => exchange(session, '/up', bytes, bytes),
    ping: () => exchange(session, '/up', pingBytes, pingBytes),
    close: () => session.destroy(),
  };
}

async function exchange(session: ClientHttp2Session, path: string, bytes: number, sent: number): Promise<void> {
  const stream = session.request({ ':method': 'POST', ':path': path, 'x-bytes': String(bytes) }, { endStream: false });
  stream.resume();
  const ended = once(stream, 'end');
  await writeStream(stream, sent);
  await ended;
}

async function writeStream(stream: NodeJS.WritableStream, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= pieceBytes) {
    if (!stream.write(left < pieceBytes ? piece.subarray(0, left) : piece)) await once(stream, 'drain');
  }
  stream.end();
}
