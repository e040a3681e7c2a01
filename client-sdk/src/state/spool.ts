import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { FederatedError, requireId, type SessionName } from '@concordat/core';
import { syncDirectory, writeDurably } from '@concordat/node';
import { participantWrite } from './durable-writes.js';

/**
 * Masked vectors on disk, durable before their first byte leaves and never computed twice: what is sent again is the very
 * same bytes. They tell no more than the coordinator is told.
 */
export class Spool {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Open and purge.
   *
   * @param kept sessions that may still be gone on with; a vector of any other is over.
   */
  static async open(stateDirectory: string, kept: readonly SessionName[]): Promise<Spool> {
    await Spool.purge(stateDirectory, kept);
    return new Spool(join(stateDirectory, 'spool'));
  }

  /** Destroy every vector but those kept. @returns how many there were. */
  static async purge(stateDirectory: string, kept: readonly SessionName[] = []): Promise<number> {
    const directory = join(stateDirectory, 'spool');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const stay = new Set(kept.map(fileOf));
    const names = (await readdir(directory)).filter((name) => !stay.has(name));
    await participantWrite('participant.spool-purged', async () => {
      for (const name of names) await unlink(join(directory, name));
      await syncDirectory(directory);
    });
    return names.filter((name) => name.endsWith('.masked') && !name.startsWith('.')).length;
  }

  /** Where the vector of a round lies. */
  path(key: SessionName): string {
    return join(this.#directory, fileOf(key));
  }

  /** @throws `state-lost` when there is no vector of this round. */
  async lengthBytes(key: SessionName): Promise<number> {
    const found = await stat(this.path(key)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (found !== undefined) return found.size;
    throw new FederatedError('state-lost', `the masked vector of round ${key.round} is not in the spool`, {
      fix: 'Wait for the next round: a masked vector is never computed twice.',
    });
  }

  /** Durable when it resolves. */
  async write(key: SessionName, vector: Uint8Array): Promise<void> {
    await participantWrite('participant.spool', () => writeDurably(this.path(key), vector));
  }

  /** Doing it twice is no error. */
  async erase(key: SessionName): Promise<void> {
    await participantWrite('participant.spool-erased', () =>
      unlink(this.path(key)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      }),
    );
  }
}

function fileOf({ runId, round }: SessionName): string {
  return `${requireId(runId, 'run id')}.${round}.masked`;
}
