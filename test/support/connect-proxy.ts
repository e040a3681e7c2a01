import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** An HTTP proxy on the loopback that takes CONNECT and nothing else. */
export class ConnectProxy {
  /** Everything that was asked for, `host:port`. */
  readonly asked: string[] = [];
  /** `user:password` that it wants; anybody may pass unless it is set. */
  user: string | undefined;
  /** Answers with this status instead of letting anybody pass. */
  refusal: string | undefined;
  readonly #server: Server;
  readonly #routes: Readonly<Record<string, number>>;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, routes: Readonly<Record<string, number>>) {
    this.#server = server;
    this.#routes = routes;
    server.on('connect', (request: IncomingMessage, socket: Socket, head: Buffer) => this.#take(request, socket, head));
  }

  /** @param routes port of the loopback for each `host:port`: the proxy is the only one that knows these names. */
  static async listen(routes: Readonly<Record<string, number>>): Promise<ConnectProxy> {
    const server = createServer((_request, response) => response.writeHead(405).end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ConnectProxy(server, routes);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take({ url = '', headers }: IncomingMessage, socket: Socket, head: Buffer): void {
    this.asked.push(url);
    const credentials = this.user === undefined ? undefined : `Basic ${Buffer.from(this.user).toString('base64')}`;
    const port = this.#routes[url];
    if (this.refusal !== undefined) return void socket.end(`HTTP/1.1 ${this.refusal}\r\n\r\n`);
    if (credentials !== undefined && headers['proxy-authorization'] !== credentials) {
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
    }
    if (port === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const target = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      socket.pipe(target).pipe(socket);
    });
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => one.destroy()).on('close', () => other.destroy());
    }
  }
}
