import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const bin = resolve(import.meta.dirname, '../../../cli/dist/bin/concordat.js');

/** A coordinator in a process of its own, behind an address that stays. */
export class CoordinatorProcess {
  readonly #directory: string;
  readonly #proxy: Server;
  readonly #sockets = new Set<Socket>();
  #child: ChildProcess | undefined;
  port = 0;
  starts = 0;

  constructor(directory: string) {
    this.#directory = directory;
    this.#proxy = createServer((client) => {
      const server = connect(this.port, '127.0.0.1');
      client.pipe(server).pipe(client);
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ] as const) {
        socket.on('error', () => socket.destroy()).on('close', () => other.destroy());
        this.#sockets.add(socket);
      }
    });
  }

  async listen(): Promise<string> {
    this.#proxy.listen(0, '127.0.0.1');
    await once(this.#proxy, 'listening');
    return `127.0.0.1:${(this.#proxy.address() as { port: number }).port}`;
  }

  /** Resolves with what it says when it listens. */
  async start(): Promise<{ readonly resumed?: { readonly run: string } }> {
    const args = [bin, 'coordinator', 'start', '--directory', this.#directory, '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    this.starts += 1;
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    const said = JSON.parse(line) as { readonly port: number; readonly resumed?: { readonly run: string } };
    this.port = said.port;
    return said;
  }

  async kill(): Promise<void> {
    const child = this.#child!;
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  async close(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.kill();
    this.#proxy.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
