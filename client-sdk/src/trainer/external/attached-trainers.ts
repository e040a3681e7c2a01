import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { FederatedError, type Random, toHex, utf8Encode } from '@concordat/core';
import { type Clock, systemRandom, writeSecretFile } from '@concordat/node';
import { ConnectedTrainer } from './connected-trainer.js';
import { TrainerLink } from './trainer-link.js';
import type { TrainerSource } from './trainer-source.js';

/** What an attaching trainer finds in the directory. */
export const socketFile = 'trainer.sock';
export const tokenFile = 'trainer.token';

/** The shortest limit of a socket's path among the systems that have them. */
const socketPathBytesMax = 103;
/** Connections that have not said hello yet. */
const greetingsMax = 4;

export interface AttachOptions {
  /** Only its owner can read it; made if it is missing. */
  readonly directory: string;
  readonly helloMillis: number;
  readonly clock: Clock;
  /** Of the token; the system's unless said. */
  readonly random?: Random;
  /** A connection that was not let in. */
  readonly onTurnedAway?: (trainer: string, error: FederatedError) => void;
}

/**
 * Trainers that run by themselves and connect to a socket here, one at a time. The token, new with every start, is in a file beside the socket:
 * who can read the one can use the other.
 */
export class AttachedTrainers implements TrainerSource {
  readonly trainer: string;
  readonly how = 'attached';
  readonly launches = false;
  readonly #options: AttachOptions;
  readonly #token: Uint8Array;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting: ((connected: ConnectedTrainer) => void)[] = [];
  #greetings = 0;
  #current: ConnectedTrainer | undefined;

  private constructor(options: AttachOptions, token: Uint8Array) {
    this.#options = options;
    this.#token = token;
    this.trainer = `at ${join(options.directory, socketFile)}`;
    this.#server = createServer((socket) => void this.#greet(socket));
  }

  /**
   * Listen in a directory.
   *
   * @throws `permission` `trainer.directory` when others can use the directory; `conflict` when another process listens there;
   *   `invalid-argument` when the path is too long for a socket.
   */
  static async listen(options: AttachOptions): Promise<AttachedTrainers> {
    const { directory, random = systemRandom } = options;
    const path = join(directory, socketFile);
    if (Buffer.byteLength(path) > socketPathBytesMax) {
      throw new FederatedError('invalid-argument', `${path} is too long for the path of a socket`, {
        detail: { required: socketPathBytesMax, offered: Buffer.byteLength(path) },
        fix: 'Name a directory with a shorter path in trainer.attach.',
      });
    }
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await requirePrivate(directory);
    if (await answers(path)) {
      throw new FederatedError('conflict', `another process waits for a trainer at ${path}`, {
        fix: 'Name another directory in trainer.attach, or stop that process.',
      });
    }
    await rm(path, { force: true });
    const token = random.bytes(32);
    await writeSecretFile(join(directory, tokenFile), utf8Encode(`${toHex(token)}\n`));
    const trainers = new AttachedTrainers(options, token);
    await new Promise<void>((resolve, reject) => {
      trainers.#server.once('error', reject);
      trainers.#server.listen(path, resolve);
    });
    await chmod(path, 0o600);
    return trainers;
  }

  next(signal: AbortSignal): Promise<ConnectedTrainer> {
    return new Promise((resolve, reject) => {
      const give = (connected: ConnectedTrainer): void => {
        signal.removeEventListener('abort', leave);
        resolve(connected);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(signal.reason);
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(give);
      this.#offer();
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await rm(join(this.#options.directory, tokenFile), { force: true });
  }

  async #greet(socket: Socket): Promise<void> {
    socket.on('error', () => undefined);
    // One trainer at a time; the next is let in when it is gone. Who says nothing keeps nobody else out.
    if (this.#current !== undefined || this.#greetings >= greetingsMax) return void socket.destroy();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    this.#greetings++;
    const { helloMillis, clock, onTurnedAway } = this.#options;
    try {
      const greeting = { trainer: this.trainer, capability: this.#token, helloMillis, clock };
      const connected = await ConnectedTrainer.greet(new TrainerLink(socket), greeting);
      if (this.#current !== undefined) return connected.link.close();
      this.#current = connected;
      void connected.ended.then(() => {
        this.#current = undefined;
      });
      this.#offer();
    } catch (error) {
      if (error instanceof FederatedError) onTurnedAway?.(this.trainer, error);
    } finally {
      this.#greetings--;
    }
  }

  #offer(): void {
    if (this.#current !== undefined && !this.#current.link.ended) this.#waiting.shift()?.(this.#current);
  }
}

async function requirePrivate(directory: string): Promise<void> {
  const stats = await stat(directory);
  const foreign = process.getuid !== undefined && stats.uid !== process.getuid();
  if (stats.isDirectory() && !foreign && (stats.mode & 0o077) === 0) return;
  const offered = stats.isDirectory()
    ? foreign
      ? 'of another owner'
      : (stats.mode & 0o777).toString(8)
    : 'no directory';
  throw new FederatedError('permission', `others than the owner can use ${directory}`, {
    detail: { rule: 'trainer.directory', required: '700', offered, path: directory },
  });
}

/** Whether somebody listens there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
