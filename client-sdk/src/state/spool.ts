import { mkdir, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { requireId } from '@concordat/core';
import { syncDirectory, writeDurably } from '@concordat/node';

/** One round of one run at one participant. */
export interface RoundKey {
  readonly runId: string;
  readonly round: number;
}

/**
 * Masked vectors on disk, durable before their first byte leaves and never computed twice: what is sent again is the very
 * same bytes. They tell no more than the coordinator is told.
 */
export class Spool {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Open and purge: a vector that an earlier process left behind belongs to a session this one is not in. */
  static async open(stateDirectory: string): Promise<Spool> {
    await Spool.purge(stateDirectory);
    return new Spool(join(stateDirectory, 'spool'));
  }

  /** Destroy every vector. @returns how many there were. */
  static async purge(stateDirectory: string): Promise<number> {
    const directory = join(stateDirectory, 'spool');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = await readdir(directory);
    for (const name of names) await unlink(join(directory, name));
    await syncDirectory(directory);
    return names.filter((name) => name.endsWith('.masked') && !name.startsWith('.')).length;
  }

  /** Where the vector of a round lies. */
  path({ runId, round }: RoundKey): string {
    return join(this.#directory, `${requireId(runId, 'run id')}.${round}.masked`);
  }

  /** Durable when it resolves. */
  async write(key: RoundKey, vector: Uint8Array): Promise<void> {
    await writeDurably(this.path(key), vector);
  }

  /** Doing it twice is no error. */
  async erase(key: RoundKey): Promise<void> {
    await unlink(this.path(key)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}
