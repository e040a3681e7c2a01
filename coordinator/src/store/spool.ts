import { createHash, type Hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bounds, requireId } from '@concordat/core';
import { DurableWriter } from './durable-writer.js';

/** Which masked vector: one participant's in one round of a run. */
export interface SpoolKey {
  readonly run: string;
  readonly round: number;
  readonly participant: string;
}

/**
 * Masked vectors between upload and publishing, one file each. The coordinator's memory never holds one whole;
 * a round's files are removed when its model is published or the round is abandoned. Ids are checked before they become path names.
 */
export class Spool {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Start receiving a vector. A half-received earlier one of the same key is dropped. */
  async begin(key: SpoolKey): Promise<SpoolWriter> {
    await mkdir(this.#round(key.run, key.round), { recursive: true, mode: 0o700 });
    const path = this.#path(key);
    return new SpoolWriter(await DurableWriter.create(`${path}.part`), path);
  }

  /** @returns a file to read from any offset; the caller closes it. */
  async open(key: SpoolKey): Promise<FileHandle> {
    return open(this.#path(key), 'r');
  }

  path(key: SpoolKey): string {
    return this.#path(key);
  }

  async removeRound(run: string, round: number): Promise<void> {
    await rm(this.#round(run, round), { recursive: true, force: true });
  }

  async removeRun(run: string): Promise<void> {
    await rm(join(this.#directory, requireId(run, 'run')), { recursive: true, force: true });
  }

  #round(run: string, round: number): string {
    return join(this.#directory, requireId(run, 'run'), String(round));
  }

  #path(key: SpoolKey): string {
    return join(this.#round(key.run, key.round), `${requireId(key.participant, 'participant')}.masked`);
  }
}

/** One vector being received. Leaf hashes are computed as bytes pass, so that the Merkle root needs no second read. */
export class SpoolWriter {
  readonly #file: DurableWriter;
  readonly #path: string;
  readonly #leaves: Uint8Array[] = [];
  #leaf: Hash = newLeaf();
  #leafBytes = 0;

  constructor(file: DurableWriter, path: string) {
    this.#file = file;
    this.#path = path;
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
    await this.#file.append(data);
  }

  /** RFC 6962 leaf hashes of the chunks so far; call once, at the end. */
  leafHashes(): readonly Uint8Array[] {
    if (this.#leafBytes > 0) this.#closeLeaf();
    return this.#leaves;
  }

  /** Durable under its name when this returns. */
  async commit(): Promise<void> {
    await this.#file.commit(this.#path);
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
