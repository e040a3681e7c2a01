import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { FederatedError } from '@concordat/core';
import type { BlobSink } from './blob-sink.js';

/** Pieces are written together: a write for each costs more than its bytes do. */
const heldBytesMax = 512 * 1024;
const readBytes = 1024 * 1024;

/**
 * In a file that outlives its process: whoever opens it again goes on behind what is there. Nothing is synced, since nothing rests on it:
 * what a power cut took or changed does not fit the digest in the end, and is fetched again.
 */
export class FileSink implements BlobSink {
  readonly #file: FileHandle;
  readonly #hash: Hash;
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #writtenBytes: number;
  #sizeBytes: number | undefined;
  #failed = false;

  private constructor(file: FileHandle, hash: Hash, writtenBytes: number) {
    this.#file = file;
    this.#hash = hash;
    this.#writtenBytes = writtenBytes;
  }

  /** @param maxBytes a file with more than these is of no use, and is emptied. */
  static async open(path: string, maxBytes: number): Promise<FileSink> {
    // Never through a link: what lies there is written to.
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      const hash = createHash('sha256');
      const { size } = await file.stat();
      if (size > maxBytes) await file.truncate(0);
      else await hashFile(file, hash, size);
      return new FileSink(file, hash, size > maxBytes ? 0 : size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get receivedBytes(): number {
    return this.#writtenBytes + this.#heldBytes;
  }

  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  expect(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
  }

  append(data: Uint8Array): Promise<void> | void {
    this.#hash.update(data);
    this.#held.push(data);
    this.#heldBytes += data.length;
    if (this.#heldBytes >= heldBytesMax) return this.#write();
  }

  digest(): Uint8Array {
    return this.#hash.copy().digest();
  }

  async bytes(): Promise<Uint8Array> {
    await this.#write();
    const bytes = new Uint8Array(this.#writtenBytes);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await this.#file.read(bytes, at, Math.min(bytes.length - at, readBytes), at);
      if (bytesRead === 0) throw new FederatedError('internal', 'a download became shorter on the disk');
      at += bytesRead;
    }
    return bytes;
  }

  /** What arrived is in the file, unless the disk does not take it: then `failed` says so. */
  async settle(): Promise<void> {
    await this.#write().catch(() => undefined);
  }

  /** The hash has bytes that the file has not: only who opens it anew can go on. */
  get failed(): boolean {
    return this.#failed;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #write(): Promise<void> {
    const held = Buffer.concat(this.#held.splice(0));
    try {
      for (let done = 0; done < held.length; ) {
        const left = held.length - done;
        const { bytesWritten } = await this.#file.write(held, done, left, this.#writtenBytes);
        done += bytesWritten;
        this.#writtenBytes += bytesWritten;
        this.#heldBytes -= bytesWritten;
      }
    } catch (cause) {
      this.#failed = true;
      throw diskRefuses(cause);
    }
  }
}

async function hashFile(file: FileHandle, hash: Hash, size: number): Promise<void> {
  const piece = Buffer.alloc(Math.min(size, readBytes));
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, size - at), at);
    if (bytesRead === 0) return;
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** What is thrown when a file or its directory does not take a download. */
export function diskRefuses(cause: unknown): FederatedError {
  return new FederatedError('unavailable', 'the disk does not take what is downloaded', {
    detail: { rule: 'download.disk', reason: (cause as NodeJS.ErrnoException).code ?? 'unknown' },
    cause,
  });
}
