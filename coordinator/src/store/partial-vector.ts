import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bounds, type CryptoPort, merkleRoot } from '@concordat/core';
import type { ByteBudget } from './byte-budget.js';
import type { StoreWrites } from './durable-writes.js';
import { leafBytes } from './vector-file.js';

/** Where a vector comes together, and where it lies when it is whole. */
export interface VectorPlace {
  readonly partialPath: string;
  readonly path: string;
  readonly lengthBytes: number;
  readonly writes: StoreWrites;
  /** For what was taken and is not written yet, of all vectors. */
  readonly held: ByteBudget;
}

/** What is known to be on the disk of a vector that is not whole. */
export interface KeptPart {
  /** A whole number of chunks. */
  readonly sizeBytes: number;
  /** RFC 6962 leaf hashes, [chunks × 32]: those of the chunks that are there, then whatever. */
  readonly leaves: Buffer;
}

/** Leaf hashes are written as often: a process that is killed loses less than a megabyte of what it took. */
const chunksBetweenMarks = 16;
/** What one vector holds before it is written: a write for every chunk costs more than its bytes do. */
const heldBytesMax = 8 * bounds.chunkBytes;

/**
 * A vector on its way to its file. The file has the layout that it will have when it is whole: chunks as they came, and behind the place
 * of the last one the leaf hashes. A chunk counts once it fits its leaf hash, so a file that was being written when its process was
 * killed, or whose pages did not all reach the disk, is taken for what it is.
 */
export class PartialVector {
  readonly #file: FileHandle;
  readonly #place: VectorPlace;
  readonly #leaves: Buffer;
  readonly #closed: (kept: KeptPart | undefined) => void;
  #sizeBytes: number;
  /** The last of those bytes, not written yet; `budgeted` of them are taken from the budget. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #budgetedBytes = 0;
  /** Leaf hashes on the disk. */
  #marked: number;
  #leaf: Hash | undefined;

  private constructor(
    file: FileHandle,
    place: VectorPlace,
    kept: KeptPart,
    closed: (kept: KeptPart | undefined) => void,
  ) {
    this.#file = file;
    this.#place = place;
    this.#leaves = kept.leaves;
    this.#sizeBytes = kept.sizeBytes;
    // Up, for a vector that is whole: its last chunk may be short, and the hash of that one is on the disk as well. Of a place that is no
    // whole number Node makes the file's own position, which is the first byte of the vector.
    this.#marked = Math.ceil(kept.sizeBytes / bounds.chunkBytes);
    this.#closed = closed;
  }

  /**
   * Go on with what is there, or begin.
   *
   * @param kept of an earlier writer in this process; else the file is read and every chunk held against its hash.
   * @param closed told once, when this writer let go of the file: of what is kept for the next, if anything.
   */
  static async open(
    place: VectorPlace,
    kept: KeptPart | undefined,
    closed: (kept: KeptPart | undefined) => void,
  ): Promise<PartialVector> {
    const file = await open(place.partialPath, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      return new PartialVector(file, place, kept ?? (await readKept(file, place.lengthBytes)), closed);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes taken. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get lengthBytes(): number {
    return this.#place.lengthBytes;
  }

  /** Bytes that the disk has still to take. */
  get unwrittenBytes(): number {
    return this.lengthBytes - this.#sizeBytes + this.#heldBytes;
  }

  /** Take what follows; `data` may end anywhere inside a chunk, and not behind the last one. Once it throws, only suspend or discard. */
  async append(data: Uint8Array): Promise<void> {
    this.#hash(data);
    this.#held.push(data);
    this.#heldBytes += data.byteLength;
    this.#sizeBytes += data.byteLength;
    if (!this.#mayHold(data.byteLength)) await this.#place.writes.guard(() => this.#writeHeld());
    if (this.#chunks - this.#marked >= chunksBetweenMarks) await this.#mark();
  }

  /** Take everything again from the first byte. */
  rewind(): void {
    this.#letGoOfHeld();
    this.#sizeBytes = 0;
    this.#marked = 0;
    this.#leaf = undefined;
  }

  /** RFC 6962 root of a whole vector. */
  root(crypto: CryptoPort): Uint8Array {
    return merkleRoot(crypto, leavesOf(this.#leaves, this.#chunks));
  }

  /** Keep whole chunks for the next writer; durable when it resolves. What could not be written is dropped. */
  async suspend(): Promise<void> {
    await this.#place.writes.guard(() => this.#writeHeld()).catch(() => undefined);
    const sizeBytes = this.#chunks * bounds.chunkBytes;
    const isWhole = this.#sizeBytes === this.#place.lengthBytes;
    try {
      if (this.#marked !== this.#chunks) {
        await this.#place.writes.guard(async () => {
          await this.#mark();
          await this.#file.sync();
        });
      }
      await this.#file.close();
      this.#closed({ sizeBytes: isWhole ? this.#sizeBytes : sizeBytes, leaves: this.#leaves });
    } catch {
      // What fsync did not write is in memory only, and would be read from there as if it were on the disk.
      await this.discard();
    }
  }

  /** Durable under its name when it resolves. */
  async commit(): Promise<void> {
    await this.#place.writes.do('coordinator.masked-vector', () => this.#commit());
    this.#closed(undefined);
  }

  async #commit(): Promise<void> {
    const { partialPath, path } = this.#place;
    await this.#writeHeld();
    await this.#mark();
    await this.#file.sync();
    await this.#file.close();
    await rename(partialPath, path);
    const directory = await open(dirname(path), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  async discard(): Promise<void> {
    this.#letGoOfHeld();
    await this.#file.close().catch(() => undefined);
    await rm(this.#place.partialPath, { force: true });
    this.#closed(undefined);
  }

  /** Chunks that are whole. */
  get #chunks(): number {
    const { lengthBytes } = this.#place;
    const count = this.#sizeBytes / bounds.chunkBytes;
    return this.#sizeBytes === lengthBytes ? Math.ceil(count) : Math.floor(count);
  }

  #mayHold(bytes: number): boolean {
    if (this.#heldBytes >= heldBytesMax || !this.#place.held.take(bytes)) return false;
    this.#budgetedBytes += bytes;
    return true;
  }

  // What could not be written must not count as kept.
  async #writeHeld(): Promise<void> {
    const at = this.#sizeBytes - this.#heldBytes;
    try {
      await writeAll(this.#file, this.#held, at);
    } catch (error) {
      this.#sizeBytes = at;
      throw error;
    } finally {
      this.#letGoOfHeld();
    }
  }

  #letGoOfHeld(): void {
    this.#place.held.giveBack(this.#budgetedBytes);
    this.#held = [];
    this.#heldBytes = 0;
    this.#budgetedBytes = 0;
  }

  #hash(data: Uint8Array): void {
    let position = this.#sizeBytes;
    for (let at = 0; at < data.byteLength; ) {
      const chunk = Math.floor(position / bounds.chunkBytes);
      const end = Math.min((chunk + 1) * bounds.chunkBytes, this.#place.lengthBytes);
      const part = data.subarray(at, at + end - position);
      this.#leaf ??= newLeaf();
      this.#leaf.update(part);
      at += part.byteLength;
      position += part.byteLength;
      if (position < end) continue;
      this.#leaf.digest().copy(this.#leaves, chunk * leafBytes);
      this.#leaf = undefined;
    }
  }

  /** Leaf hashes may be there before their chunks: those do not fit them then, and do not count. */
  async #mark(): Promise<void> {
    const [from, to] = [this.#marked * leafBytes, this.#chunks * leafBytes];
    await write(this.#file, this.#leaves.subarray(from, to), this.#place.lengthBytes + from);
    this.#marked = to / leafBytes;
  }
}

/** The leaf hashes of a vector's first chunks, one by one. */
export function leavesOf(leaves: Buffer, chunks: number): Uint8Array[] {
  return Array.from({ length: chunks }, (_, chunk) => leaves.subarray(chunk * leafBytes, (chunk + 1) * leafBytes));
}

async function readKept(file: FileHandle, lengthBytes: number): Promise<KeptPart> {
  const leaves = Buffer.alloc(Math.ceil(lengthBytes / bounds.chunkBytes) * leafBytes);
  await file.read(leaves, 0, leaves.length, lengthBytes);
  const chunk = Buffer.alloc(Math.min(bounds.chunkBytes, lengthBytes));
  let sizeBytes = 0;
  while (sizeBytes < lengthBytes) {
    const wanted = Math.min(chunk.length, lengthBytes - sizeBytes);
    const { bytesRead } = await file.read(chunk, 0, wanted, sizeBytes);
    if (bytesRead !== wanted) break;
    const hash = newLeaf().update(chunk.subarray(0, wanted)).digest();
    const at = (sizeBytes / bounds.chunkBytes) * leafBytes;
    if (leaves.compare(hash, 0, leafBytes, at, at + leafBytes) !== 0) break;
    sizeBytes += wanted;
  }
  return { sizeBytes, leaves };
}

async function writeAll(file: FileHandle, pieces: readonly Uint8Array[], at: number): Promise<void> {
  if (pieces.length === 0) return;
  const { bytesWritten } = await file.writev(pieces, at);
  // Seldom less than all: then the rest one by one.
  let begin = 0;
  for (const piece of pieces) {
    const written = Math.min(piece.byteLength, Math.max(0, bytesWritten - begin));
    await write(file, piece.subarray(written), at + begin + written);
    begin += piece.byteLength;
  }
}

async function write(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.byteLength; ) {
    written += (await file.write(bytes, written, bytes.byteLength - written, at + written)).bytesWritten;
  }
}

function newLeaf(): Hash {
  return createHash('sha256').update(Uint8Array.of(0));
}
