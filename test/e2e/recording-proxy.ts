import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';

interface KeyPair {
  readonly privateKeyPem: string | Buffer;
  readonly certificatePem: string | Buffer;
}

export interface RecordingProxyOptions {
  /** The coordinator's own TLS key: the proxy is the coordinator's memory before anything is decoded. */
  readonly server: KeyPair;
  /** The participant's TLS key, to dial on. */
  readonly client: KeyPair;
  readonly authorityPem: string | Buffer;
  /** Port of the coordinator on the loopback. */
  readonly port: number;
}

/** Ends one participant's TLS, keeps every plaintext byte of both directions, and passes it on over real mutual TLS. */
export class RecordingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<TLSSocket>();
  readonly #directions: Buffer[][] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen({ server, client, authorityPem, port }: RecordingProxyOptions): Promise<RecordingProxy> {
    const front = createServer({
      key: server.privateKeyPem,
      cert: server.certificatePem,
      ca: authorityPem,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['h2'],
    });
    const proxy = new RecordingProxy(front);
    front.on('secureConnection', (near) => {
      const far = connect({
        servername: 'localhost',
        checkServerIdentity: () => undefined,
        host: '127.0.0.1',
        port,
        key: client.privateKeyPem,
        cert: client.certificatePem,
        ca: authorityPem,
        ALPNProtocols: ['h2'],
      });
      proxy.#join(near, far);
      proxy.#join(far, near);
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What crossed the wire, one buffer for each direction of each connection, TLS removed. */
  get plaintext(): Buffer[] {
    return this.#directions.map((pieces) => Buffer.concat(pieces));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(from: TLSSocket, to: TLSSocket): void {
    const pieces: Buffer[] = [];
    this.#directions.push(pieces);
    this.#sockets.add(from);
    from.on('data', (piece: Buffer) => {
      pieces.push(Buffer.from(piece));
      to.write(piece);
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
