import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { FederatedError } from '@concordat/core';
import { type Clock, type Garbage, systemClock } from '@concordat/node';
import type { BlobSink } from './blob-sink.js';

/**
 * On the disk at the latest: what a killed process has to fetch again. Most downloads are over before, and what is never written need not be
 * removed: of 40 MB both took 12 ms on a processor.
 */
const unwrittenMillis = 1_000;
const readBytes = 1024 * 1024;
/** Buffers that a byte goes through on its way here: what the socket read, what TLS made of it, and the message it was joined to. */
const copies = 3;

/** What a sink has from around it. */
export interface SinkPorts {
  /** Told of what the bytes came in. */
  readonly garbage?: Garbage | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * In memory, and a second behind it in a file that outlives its process: whoever opens it again goes on behind what is there. Nothing is synced,
 * since nothing rests on it: what a power cut took or changed does not fit the digest in the end, and is fetched again.
 */
export class FileSink implements BlobSink {
  readonly #file: FileHandle;
  readonly #hash: Hash;
  readonly #garbage: Garbage | undefined;
  readonly #clock: Clock;
  /** What the file had, until it is announced how much there is. */
  #bytes: Uint8Array;
  #receivedBytes: number;
  #writtenBytes: number;
  #sizeBytes: number | undefined;
  #writing: Promise<void> | undefined;
  /** Takes back that what has arrived is written soon. */
  #takeBack: (() => void) | undefined;
  #failed: FederatedError | undefined;

  private constructor(file: FileHandle, hash: Hash, bytes: Uint8Array, { garbage, clock = systemClock }: SinkPorts) {
    this.#file = file;
    this.#hash = hash;
    this.#garbage = garbage;
    this.#clock = clock;
    this.#bytes = bytes;
    this.#receivedBytes = bytes.length;
    this.#writtenBytes = bytes.length;
  }

  /** @param maxBytes a file with more than these is of no use, and is emptied. */
  static async open(path: string, maxBytes: number, ports: SinkPorts = {}): Promise<FileSink> {
    // Never through a link: what lies there is written to.
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    try {
      const { size } = await file.stat();
      const hash = createHash('sha256');
      if (size <= maxBytes) return new FileSink(file, hash, await readFile(file, size, hash), ports);
      await file.truncate(0);
      return new FileSink(file, hash, new Uint8Array(), ports);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  expect(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    if (this.#bytes.length === sizeBytes) return;
    const bytes = new Uint8Array(sizeBytes);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }

  append(data: Uint8Array): void {
    if (this.#failed !== undefined) throw this.#failed;
    this.#bytes.set(data, this.#receivedBytes);
    this.#hash.update(data);
    this.#receivedBytes += data.length;
    this.#garbage?.made(copies * data.length);
    this.#keepSoon();
  }

  digest(): Uint8Array {
    return this.#hash.copy().digest();
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }

  /** What arrived is in the file, unless the disk does not take it: then `failed` says so. */
  async settle(): Promise<void> {
    this.#keepNoMore();
    while (this.#writtenBytes < this.#receivedBytes && !this.failed) await this.#write();
  }

  /** The disk does not take it: only who opens the file anew can go on. */
  get failed(): boolean {
    return this.#failed !== undefined;
  }

  /** What is not in the file by now stays out of it. */
  async close(): Promise<void> {
    this.#keepNoMore();
    await this.#writing;
    await this.#file.close();
  }

  /** Again and again until all that arrived is in the file. How a write ends is seen at the next piece. */
  #keepSoon(): void {
    this.#takeBack ??= this.#clock.after(unwrittenMillis, () => {
      this.#takeBack = undefined;
      if (this.#writtenBytes === this.#receivedBytes || this.failed) return;
      void this.#write();
      this.#keepSoon();
    });
  }

  #keepNoMore(): void {
    this.#takeBack?.();
    this.#takeBack = undefined;
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeReceived().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeReceived(): Promise<void> {
    try {
      for (const end = this.#receivedBytes; this.#writtenBytes < end; ) {
        const { bytesWritten } = await this.#file.write(
          this.#bytes,
          this.#writtenBytes,
          end - this.#writtenBytes,
          this.#writtenBytes,
        );
        this.#writtenBytes += bytesWritten;
      }
    } catch (cause) {
      this.#failed = diskRefuses(cause);
    }
  }
}

/** @returns at most `size` bytes, from the first on; they are hashed as they come, so that no event loop is held up. */
async function readFile(file: FileHandle, size: number, hash: Hash): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(size - at, readBytes), at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    hash.update(bytes.subarray(at, at + bytesRead));
    at += bytesRead;
  }
  return bytes;
}

/** What is thrown when a file or its directory does not take a download. */
export function diskRefuses(cause: unknown): FederatedError {
  return new FederatedError('unavailable', 'the disk does not take what is downloaded', {
    detail: { rule: 'download.disk', reason: (cause as NodeJS.ErrnoException).code ?? 'unknown' },
    cause,
  });
}
