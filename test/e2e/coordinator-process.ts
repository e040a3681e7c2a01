import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const bin = resolve(import.meta.dirname, '../../../cli/dist/bin/concordat.js');

export interface StartOptions {
  /** Instead of the command, e.g. a bundle of it. */
  readonly program?: string | undefined;
  readonly flags?: readonly string[];
  /** A command before it, e.g. `strace` with its arguments. */
  readonly under?: readonly string[];
  readonly failpoint?: string | undefined;
  /** Its log goes nowhere. */
  readonly silent?: boolean;
  /** Its log goes here, a line at a time. */
  readonly onErrorLine?: (line: string) => void;
}

interface SaidAtStart {
  readonly port: number;
  readonly resumed?: { readonly run: string };
}

/** How a process ended, and the last line it said. */
export interface Ending {
  readonly by: string | number;
  readonly lastLine: string;
}

async function ending(child: ChildProcess, lines: ReturnType<typeof createInterface>): Promise<Ending> {
  let lastLine = '';
  lines.on('line', (line) => {
    lastLine = line;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { by: signal ?? code ?? 'nothing', lastLine };
}

function endedEarly({ by, lastLine }: Ending): never {
  throw new Error(`the coordinator ended with ${by} before it listened: ${lastLine}`);
}

/** A coordinator in a process of its own, behind an address that stays. */
export class CoordinatorProcess {
  readonly #directory: string;
  readonly #proxy: Server;
  readonly #sockets = new Set<Socket>();
  #child: ChildProcess | undefined;
  port = 0;
  /** Of the process that was started last. */
  ended: Promise<Ending> = Promise.resolve({ by: 'nothing', lastLine: '' });
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
  async start({ under = [], program = bin, flags = [], ...how }: StartOptions = {}): Promise<SaidAtStart> {
    const { failpoint, onErrorLine, silent = false } = how;
    const start = ['coordinator', 'start', '--directory', this.#directory, '--json', ...flags];
    const args = [...under, process.execPath, program, ...start];
    const env = failpoint === undefined ? {} : { NODE_ENV: 'test', CONCORDAT_FAILPOINT: failpoint };
    const child = spawn(args[0]!, args.slice(1), {
      stdio: ['ignore', 'pipe', onErrorLine !== undefined ? 'pipe' : silent ? 'ignore' : 'inherit'],
      // A group of its own: a command before it is killed with it.
      detached: true,
      env: { ...process.env, ...env },
    });
    this.#child = child;
    this.starts += 1;
    if (onErrorLine !== undefined) createInterface({ input: child.stderr! }).on('line', onErrorLine);
    const lines = createInterface({ input: child.stdout! });
    this.ended = ending(child, lines);
    const [line] = (await Promise.race([once(lines, 'line'), this.ended.then(endedEarly)])) as [string];
    const said = JSON.parse(line) as SaidAtStart;
    this.port = said.port;
    return said;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Does nothing when it has ended. */
  /** @returns whether there is a process to hear it. */
  signal(signal: NodeJS.Signals): boolean {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return false;
    process.kill(-this.#child.pid!, signal);
    return true;
  }

  /** Does nothing when it has ended. */
  async kill(): Promise<void> {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.signal('SIGKILL');
    await this.ended;
  }

  async close(): Promise<void> {
    await this.kill();
    this.#proxy.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
