import { type FileHandle, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FederatedError } from '@concordat/core';
import type { SimulatedRound } from '../simulate.js';
import { roundsCsvHeader, roundsCsvLine } from './rounds-csv.js';

/**
 * What a run leaves for people and their scripts: `rounds.csv`, a line for each round; `events.jsonl`, everything that happened, one JSON
 * object a line; `summary.json` at its end. Nothing of it says what time it was: the same scenario, seed and engine leave the same bytes.
 */
export class RunDirectory {
  readonly path: string;
  readonly #rounds: FileHandle;
  readonly #events: FileHandle;
  #written: Promise<void> = Promise.resolve();

  private constructor(path: string, rounds: FileHandle, events: FileHandle) {
    this.path = path;
    this.#rounds = rounds;
    this.#events = events;
  }

  /** @throws `invalid-argument` when the directory holds a run already, or cannot be written. */
  static async create(path: string, begin: object): Promise<RunDirectory> {
    try {
      await mkdir(path, { recursive: true });
      const rounds = await open(join(path, 'rounds.csv'), 'wx');
      const events = await open(join(path, 'events.jsonl'), 'wx');
      const directory = new RunDirectory(path, rounds, events);
      directory.#append(rounds, roundsCsvHeader);
      directory.#append(events, JSON.stringify({ event: 'started', ...begin }));
      return directory;
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  }

  round(round: SimulatedRound): void {
    this.#append(this.#rounds, roundsCsvLine(round));
    this.#append(this.#events, JSON.stringify({ event: 'round', ...round }, hexadecimal));
  }

  /** @throws `invalid-argument` when something could not be written. */
  async finish(summary: object): Promise<void> {
    this.#append(this.#events, JSON.stringify({ event: 'finished', ...summary }));
    await this.close();
    await writeFile(join(this.path, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
  }

  async close(): Promise<void> {
    try {
      await this.#written;
    } catch (cause) {
      throw cannotWrite(this.path, cause);
    } finally {
      await this.#rounds.close();
      await this.#events.close();
    }
  }

  #append(file: FileHandle, line: string): void {
    this.#written = this.#written.then(() => file.appendFile(`${line}\n`));
    this.#written.catch(() => undefined);
  }
}

function hexadecimal(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

function cannotWrite(path: string, cause: unknown): FederatedError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'EEXIST') {
    return new FederatedError('invalid-argument', `${path} holds a run already`, {
      cause,
      fix: 'Name another directory with --out, or remove that one.',
    });
  }
  return new FederatedError('invalid-argument', `cannot write to ${path} (${code ?? 'unknown'})`, {
    cause,
    fix: 'Name a directory with --out that this user may write to, on a disk with room.',
  });
}
