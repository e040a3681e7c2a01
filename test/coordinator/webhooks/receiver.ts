import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyWebhook } from '@concordat/coordinator';

export const secret = Buffer.from('a secret of thirty-two bytes, ok');

/** A notice as it came. */
export interface Received {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage['headers'];
  /** As a receiver would check it, now. */
  readonly signed: boolean;
  readonly method: string;
}

/** Somebody who is told, over real HTTP. */
export class Receiver {
  readonly received: Received[] = [];
  /** Statuses of the next answers; 200 when there is none. 0 cuts the connection. */
  readonly answers: number[] = [];
  readonly #server: Server;
  #heard: () => void = () => undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const body = Buffer.concat(pieces).toString();
        const header = String(request.headers['concordat-signature']);
        const signed = verifyWebhook(secret, { header, body, nowSeconds: Date.now() / 1000 });
        this.received.push({ body: JSON.parse(body), headers: request.headers, signed, method: request.method! });
        const status = this.answers.shift() ?? 200;
        if (status === 0) request.socket.destroy();
        else response.writeHead(status, { location: '/elsewhere' }).end('thank you');
        this.#heard();
      });
    });
  }

  static async open(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook?token=unspoken`;
  }

  /** Resolves when so many have come. */
  async has(count: number): Promise<readonly Received[]> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
    return this.received;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
