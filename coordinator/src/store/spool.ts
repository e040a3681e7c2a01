import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bounds, equalBytes, FederatedError, isId, merkleRoot, requireId, toHex } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { ByteBudget } from './byte-budget.js';
import { DurableWriter } from './durable-writer.js';
import { StoreWrites } from './durable-writes.js';
import { type KeptPart, PartialVector, type VectorPlace } from './partial-vector.js';
import { leafBytes, readLeaves, trailerOf } from './vector-file.js';

/** Which masked vector: one participant's in one round of a run. */
export interface SpoolKey {
  readonly run: string;
  readonly round: number;
  readonly participant: string;
}

/** A vector that was announced: its content is bound to its key before its first byte. */
export interface AnnouncedVector extends SpoolKey {
  readonly lengthBytes: number;
  /** RFC 6962 root over its chunks. */
  readonly merkleRoot: Uint8Array;
}

/** Which opened sum: of one session in a round of a run. */
export interface SumKey {
  readonly run: string;
  readonly round: number;
  readonly sid2: Uint8Array;
}

/** What vectors leave free on the disk, for the journal of their round. */
const reserveBytes = 1024 * 1024;
/** Of all vectors that are being written, in memory. */
const heldBytesMax = 4 * 1024 * 1024;

/**
 * Masked vectors, one file each, and the sums that were opened of them. The coordinator's memory never holds a masked vector whole;
 * a round's files are removed when nobody checks its sum any more, or the round is abandoned. Ids are checked before they become
 * path names. In a file, the leaf hashes of a vector follow it. What came of a vector that is not whole yet lies in a file of its own,
 * whose name has the root that it was announced with, and is gone on with.
 */
export class Spool {
  readonly #directory: string;
  readonly #writes: StoreWrites;
  readonly #freeBytes: (directory: string) => Promise<number>;
  readonly #held = new ByteBudget(heldBytesMax);
  /** Path → the vector that is being written there, and when it is let go. */
  readonly #writing = new Map<string, Writing>();
  /** Path → what was kept by the last writer. */
  readonly #kept = new Map<string, KeptPart>();

  /** @param freeBytes of the disk that a directory is on, for whoever is not root. */
  constructor(directory: string, writes = new StoreWrites(), freeBytes = freeBytesOf) {
    this.#directory = directory;
    this.#writes = writes;
    this.#freeBytes = freeBytes;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /**
   * Go on with a vector, or begin it. Waits until whoever wrote it before has let go.
   *
   * @returns `complete` when all of it is there. @throws `conflict` when another vector was begun in its place; `unavailable` (rule
   *   `spool.space`) when the disk has no room for the rest of it.
   */
  async resume(vector: AnnouncedVector): Promise<PartialVector | 'complete'> {
    const path = this.#path(vector);
    for (let before = this.#writing.get(path); before !== undefined; before = this.#writing.get(path)) {
      await before.over;
    }
    const writing = new Writing();
    this.#writing.set(path, writing);
    const letGo = (kept: KeptPart | undefined) => {
      if (kept === undefined) this.#kept.delete(path);
      else this.#kept.set(path, kept);
      this.#writing.delete(path);
      writing.end();
    };
    try {
      const found = await this.#writes.guard(() => this.#open(vector, path, letGo));
      if (found === 'complete') {
        letGo(undefined);
        return found;
      }
      writing.partial = found;
      await this.#requireRoom(vector);
      return found;
    } catch (error) {
      if (writing.partial === undefined) letGo(this.#kept.get(path));
      else await writing.partial.suspend();
      throw error;
    }
  }

  async #open(
    vector: AnnouncedVector,
    path: string,
    letGo: (kept: KeptPart | undefined) => void,
  ): Promise<PartialVector | 'complete'> {
    const { lengthBytes, merkleRoot: root } = vector;
    const directory = dirname(path);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const place: VectorPlace = {
      path,
      partialPath: partialPath(path, root),
      lengthBytes,
      writes: this.#writes,
      held: this.#held,
    };
    const mine = `${vector.participant}.`;
    for (const name of await readdir(directory)) {
      const other = join(directory, name);
      if (!name.startsWith(mine) || other === place.partialPath) continue;
      if (other !== path || !equalBytes(await rootOf(path, lengthBytes), root)) throw otherVector(vector);
      return 'complete';
    }
    return PartialVector.open(place, this.#kept.get(path), letGo);
  }

  // Everybody who uploads was promised room: all of it counts, also what has not come yet.
  async #requireRoom({ run, round }: SpoolKey): Promise<void> {
    let required = reserveBytes;
    for (const { partial } of this.#writing.values()) {
      required += partial?.unwrittenBytes ?? 0;
    }
    await this.#requireFree(this.#round(run, round), required);
  }

  /** @throws `unavailable`: rule `spool.space` unless the disk has so many bytes free. */
  requireFree(bytes: number): Promise<void> {
    return this.#requireFree(this.#directory, bytes);
  }

  async #requireFree(directory: string, required: number): Promise<void> {
    const offered = await this.#freeBytes(directory);
    if (offered >= required) return;
    throw new FederatedError('unavailable', 'the disk of the coordinator’s store has no room for this vector', {
      detail: { rule: 'spool.space', required, offered },
      fix: 'Tell the operator to free disk space; the run waits, and goes on by itself.',
    });
  }

  /** @returns a file to read from any offset; the caller closes it. */
  async open(key: SpoolKey): Promise<FileHandle> {
    return open(this.#path(key), 'r');
  }

  path(key: SpoolKey): string {
    return this.#path(key);
  }

  /** Durable when it resolves. @param vector the packed sum. @returns its RFC 6962 root: the resultHash. */
  putSum(key: SumKey, vector: Uint8Array): Promise<Uint8Array> {
    return this.#writes.guard(() => this.#putSum(key, vector));
  }

  async #putSum(key: SumKey, vector: Uint8Array): Promise<Uint8Array> {
    const path = this.sumPath(key);
    await mkdir(this.#round(key.run, key.round), { recursive: true, mode: 0o700 });
    const writer = await DurableWriter.create(`${path}.part`);
    const leaves: Uint8Array[] = [];
    try {
      for (let at = 0; at < vector.length; at += bounds.chunkBytes) {
        // A copy: the sum may be memory that threads share, which files do not take everywhere.
        const chunk = vector.slice(at, at + bounds.chunkBytes);
        leaves.push(leafHash(chunk));
        await writer.append(chunk);
      }
      await this.#writes.do('coordinator.sum', async () => {
        await writer.append(trailerOf(leaves));
        await writer.commit(path);
      });
    } catch (error) {
      await writer.discard();
      throw error;
    }
    return merkleRoot(nodeCrypto, leaves);
  }

  sumPath({ run, round, sid2 }: SumKey): string {
    return join(this.#round(run, round), `${toHex(sid2)}.sum`);
  }

  async removeRound(run: string, round: number): Promise<void> {
    const remove = () => rm(this.#round(run, round), { recursive: true, force: true });
    await this.#writes.do('coordinator.round-removed', remove);
  }

  /** @param kept rounds that stay. */
  removeRun(run: string, kept: readonly number[] = []): Promise<void> {
    return this.#writes.do('coordinator.run-removed', () => this.#removeRun(run, kept));
  }

  async #removeRun(run: string, kept: readonly number[]): Promise<void> {
    const directory = join(this.#directory, requireId(run, 'run'));
    if (kept.length === 0) return rm(directory, { recursive: true, force: true });
    const stay = new Set(kept.map(String));
    for (const round of await namesIn(directory)) {
      if (!stay.has(round)) await rm(join(directory, round), { recursive: true, force: true });
    }
  }

  /** The rounds of a run that has files here, ascending. */
  async rounds(run: string): Promise<number[]> {
    const names = await namesIn(join(this.#directory, requireId(run, 'run')));
    return names
      .map(Number)
      .filter(Number.isSafeInteger)
      .sort((a, b) => a - b);
  }

  /** Runs that have files here. */
  async runs(): Promise<string[]> {
    return (await namesIn(this.#directory)).filter(isId);
  }

  /** Drop every vector of a round that is not whole. */
  async removePartials(run: string, round: number): Promise<void> {
    const directory = this.#round(run, round);
    const isHere = (path: string) => dirname(path) === directory;
    await Promise.all([...this.#writing].filter(([path]) => isHere(path)).map(([, { over }]) => over));
    for (const path of [...this.#kept.keys()].filter(isHere)) this.#kept.delete(path);
    for (const name of await namesIn(directory)) {
      if (name.endsWith('.part')) await rm(join(directory, name), { force: true });
    }
  }

  #round(run: string, round: number): string {
    return join(this.#directory, requireId(run, 'run'), String(round));
  }

  #path(key: SpoolKey): string {
    return join(this.#round(key.run, key.round), `${requireId(key.participant, 'participant')}.masked`);
  }
}

/** A writer of a vector, until it has let go of it. */
class Writing {
  partial: PartialVector | undefined;
  end: () => void = () => undefined;
  readonly over = new Promise<void>((resolve) => {
    this.end = resolve;
  });
}

function partialPath(path: string, root: Uint8Array): string {
  return `${path.slice(0, -'masked'.length)}${toHex(root)}.part`;
}

async function rootOf(path: string, lengthBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await stat(path);
    const chunks = Math.ceil(lengthBytes / bounds.chunkBytes);
    if (size !== lengthBytes + chunks * leafBytes) return new Uint8Array();
    return merkleRoot(nodeCrypto, await readLeaves(file, lengthBytes));
  } finally {
    await file.close();
  }
}

function otherVector({ round, participant }: AnnouncedVector): FederatedError {
  return new FederatedError('conflict', `the upload of round ${round} was begun with another vector`, {
    detail: { round, step: 'upload', participant },
    fix: 'Send the spooled vector again, unchanged.',
  });
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

function leafHash(chunk: Uint8Array): Uint8Array {
  return createHash('sha256').update(Uint8Array.of(0)).update(chunk).digest();
}
