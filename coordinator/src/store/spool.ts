import { createHash, type Hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bounds, merkleRoot, requireId, toHex } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { DurableWriter } from './durable-writer.js';
import { type CoordinatorWrite, StoreWrites } from './durable-writes.js';
import { trailerOf } from './vector-file.js';

/** Which masked vector: one participant's in one round of a run. */
export interface SpoolKey {
  readonly run: string;
  readonly round: number;
  readonly participant: string;
}

/** Which opened sum: of one session in a round of a run. */
export interface SumKey {
  readonly run: string;
  readonly round: number;
  readonly sid2: Uint8Array;
}

/**
 * Masked vectors, one file each, and the sums that were opened of them. The coordinator's memory never holds a masked vector whole;
 * a round's files are removed when nobody checks its sum any more, or the round is abandoned. Ids are checked before they become
 * path names. In a file, the leaf hashes of a vector follow it.
 */
export class Spool {
  readonly #directory: string;
  readonly #writes: StoreWrites;

  constructor(directory: string, writes = new StoreWrites()) {
    this.#directory = directory;
    this.#writes = writes;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Start receiving a vector. A half-received earlier one of the same key is dropped. */
  async begin(key: SpoolKey): Promise<SpoolWriter> {
    await mkdir(this.#round(key.run, key.round), { recursive: true, mode: 0o700 });
    const path = this.#path(key);
    const name = 'coordinator.masked-vector';
    return new SpoolWriter(await DurableWriter.create(`${path}.part`), { path, name, writes: this.#writes });
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
    const place = { path, name: 'coordinator.sum', writes: this.#writes } as const;
    const writer = new SpoolWriter(await DurableWriter.create(`${path}.part`), place);
    try {
      for (let at = 0; at < vector.length; at += bounds.frameBytes) {
        // A copy: the sum may be memory that threads share, which files do not take everywhere.
        await writer.append(vector.slice(at, at + bounds.frameBytes));
      }
      await writer.commit();
    } catch (error) {
      await writer.discard();
      throw error;
    }
    return merkleRoot(nodeCrypto, writer.leafHashes());
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
    const rounds = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const round of rounds) {
      if (!stay.has(round)) await rm(join(directory, round), { recursive: true, force: true });
    }
  }

  #round(run: string, round: number): string {
    return join(this.#directory, requireId(run, 'run'), String(round));
  }

  #path(key: SpoolKey): string {
    return join(this.#round(key.run, key.round), `${requireId(key.participant, 'participant')}.masked`);
  }
}

/** Where a vector goes, and what its write is called. */
interface SpoolPlace {
  readonly path: string;
  readonly name: CoordinatorWrite;
  readonly writes: StoreWrites;
}

/** One vector being received. Leaf hashes are computed as bytes pass, so that the Merkle root needs no second read. */
export class SpoolWriter {
  readonly #file: DurableWriter;
  readonly #place: SpoolPlace;
  readonly #leaves: Uint8Array[] = [];
  #leaf: Hash = newLeaf();
  #leafBytes = 0;

  constructor(file: DurableWriter, place: SpoolPlace) {
    this.#file = file;
    this.#place = place;
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  /** Append in order; `data` may end anywhere inside a chunk. */
  async append(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.byteLength; ) {
      const part = data.subarray(at, at + bounds.chunkBytes - this.#leafBytes);
      this.#leaf.update(part);
      this.#leafBytes += part.byteLength;
      at += part.byteLength;
      if (this.#leafBytes === bounds.chunkBytes) this.#closeLeaf();
    }
    await this.#place.writes.guard(() => this.#file.append(data));
  }

  /** RFC 6962 leaf hashes of the chunks so far; call it at the end. */
  leafHashes(): readonly Uint8Array[] {
    if (this.#leafBytes > 0) this.#closeLeaf();
    return this.#leaves;
  }

  /** Durable under its name when this returns. */
  async commit(): Promise<void> {
    const { path, name, writes } = this.#place;
    await writes.do(name, async () => {
      await this.#file.append(trailerOf(this.leafHashes()));
      await this.#file.commit(path);
    });
  }

  async discard(): Promise<void> {
    await this.#file.discard();
  }

  #closeLeaf(): void {
    this.#leaves.push(this.#leaf.digest());
    this.#leaf = newLeaf();
    this.#leafBytes = 0;
  }
}

function newLeaf(): Hash {
  return createHash('sha256').update(Uint8Array.of(0));
}
