import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bounds, FederatedError } from '@concordat/core';
import { DurableWriter } from './durable-writer.js';
import { StoreWrites } from './durable-writes.js';

const unfinished = '.part';

/** A blob that is read from. */
export interface OpenBlob {
  /** Fill `data` with what begins at byte `offset`. @throws `verification` when the file is shorter than the blob was. */
  fill(data: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Immutable bytes in files named by their SHA-256. A blob exists completely and durably or not at all:
 * temporary file → fsync → rename → fsync of the directory.
 */
export class BlobStore {
  readonly #directory: string;
  readonly #writes: StoreWrites;

  constructor(directory: string, writes = new StoreWrites()) {
    this.#directory = directory;
    this.#writes = writes;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** What was being written when a process died goes. For whoever has the store for itself: a blob that another still writes would fail. */
  async removeUnfinished(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      if (name.endsWith(unfinished)) await rm(join(this.#directory, name), { force: true });
    }
  }

  /** @returns the SHA-256 of `bytes`. */
  async put(bytes: Uint8Array): Promise<Uint8Array> {
    const digest = createHash('sha256').update(bytes).digest();
    await this.receive(digest, bytes.byteLength, [bytes]);
    return digest;
  }

  /**
   * Store a stream that is made here; memory is one piece.
   *
   * @returns its SHA-256. @throws what the stream throws; nothing is stored then.
   */
  write(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    return this.#writes.guard(() => this.#write(pieces));
  }

  async #write(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const hash = createHash('sha256');
    const writer = await DurableWriter.create(this.#temporary());
    try {
      for await (const piece of pieces) {
        hash.update(piece);
        await writer.append(piece);
      }
    } catch (error) {
      await writer.discard();
      throw error;
    }
    const digest = hash.digest();
    await this.#writes.do('coordinator.blob', () => writer.commit(this.#path(digest)));
    return digest;
  }

  /**
   * Store a stream whose digest and length were announced.
   *
   * @throws `invalid-argument` when the length leaves the bounds; `verification` when content or length differ from the announcement.
   */
  async receive(
    digest: Uint8Array,
    sizeBytes: number,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    if (sizeBytes > bounds.modelBytesMax) {
      throw new FederatedError('invalid-argument', `a blob of ${sizeBytes} bytes is too large`, {
        detail: { required: bounds.modelBytesMax, offered: sizeBytes },
        fix: 'Use a smaller model.',
      });
    }
    await this.#writes.guard(() => this.#receive(digest, sizeBytes, chunks));
  }

  async #receive(
    digest: Uint8Array,
    sizeBytes: number,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): Promise<void> {
    const hash = createHash('sha256');
    const writer = await DurableWriter.create(this.#temporary());
    try {
      for await (const chunk of chunks) {
        if (writer.sizeBytes + chunk.byteLength > sizeBytes) break;
        hash.update(chunk);
        await writer.append(chunk);
      }
      if (writer.sizeBytes !== sizeBytes || Buffer.compare(hash.digest(), digest) !== 0) {
        throw new FederatedError('verification', 'the bytes are not those announced', {
          detail: { required: sizeBytes, offered: writer.sizeBytes },
          fix: 'Send the file again; it changed or was damaged on the way.',
        });
      }
    } catch (error) {
      await writer.discard();
      throw error;
    }
    await this.#writes.do('coordinator.blob', () => writer.commit(this.#path(digest)));
  }

  /** A name that no other process takes, on whatever machine: two coordinators may share the directory. */
  #temporary(): string {
    return join(this.#directory, `${randomUUID()}${unfinished}`);
  }

  async has(digest: Uint8Array): Promise<boolean> {
    return (await this.#size(digest)) !== undefined;
  }

  /** @throws `invalid-argument` for an unknown digest. */
  async sizeBytes(digest: Uint8Array): Promise<number> {
    const size = await this.#size(digest);
    if (size === undefined) throw unknown(digest);
    return size;
  }

  /** All bytes, in pieces of at most `bounds.chunkBytes`. Each is a fresh buffer. */
  async *read(digest: Uint8Array): AsyncGenerator<{ readonly offset: number; readonly data: Uint8Array }> {
    const size = await this.sizeBytes(digest);
    const file = await open(this.#path(digest), 'r');
    try {
      for (let at = 0; at < size; ) {
        const data = new Uint8Array(Math.min(bounds.chunkBytes, size - at));
        const { bytesRead } = await file.read(data, 0, data.byteLength, at);
        if (bytesRead === 0) break;
        yield { offset: at, data: data.subarray(0, bytesRead) };
        at += bytesRead;
      }
    } finally {
      await file.close();
    }
  }

  /** A fresh buffer with `length` bytes from `offset` on, fewer where the blob ends. */
  async readAt(digest: Uint8Array, offset: number, length: number): Promise<Uint8Array> {
    const file = await open(this.#path(digest), 'r');
    try {
      const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  /** Open one for reading; the caller closes it. */
  async open(digest: Uint8Array): Promise<OpenBlob> {
    const file = await open(this.#path(digest), 'r');
    return {
      async fill(data, offset) {
        for (let done = 0; done < data.length; ) {
          const { bytesRead } = await file.read(data, done, data.length - done, offset + done);
          if (bytesRead === 0) throw damaged(digest);
          done += bytesRead;
        }
      },
      close: () => file.close(),
    };
  }

  /**
   * All bytes in order, in pieces as `read` gives them.
   *
   * @throws `verification` behind the last piece when the file was damaged: use nothing before the end.
   */
  async *readChecked(digest: Uint8Array): AsyncGenerator<{ readonly offset: number; readonly data: Uint8Array }> {
    const hash = createHash('sha256');
    for await (const piece of this.read(digest)) {
      hash.update(piece.data);
      yield piece;
    }
    if (Buffer.compare(hash.digest(), digest) !== 0) throw damaged(digest);
  }

  /** @throws `verification` when the file was damaged. */
  async readAll(digest: Uint8Array): Promise<Uint8Array> {
    await this.sizeBytes(digest);
    const bytes = await readFile(this.#path(digest));
    if (Buffer.compare(createHash('sha256').update(bytes).digest(), digest) !== 0) {
      throw damaged(digest);
    }
    return bytes;
  }

  async remove(digest: Uint8Array): Promise<void> {
    await rm(this.#path(digest), { force: true });
  }

  async #size(digest: Uint8Array): Promise<number | undefined> {
    if (digest.byteLength !== 32) return undefined;
    try {
      return (await stat(this.#path(digest))).size;
    } catch {
      return undefined;
    }
  }

  #path(digest: Uint8Array): string {
    if (digest.byteLength !== 32) throw unknown(digest);
    return join(this.#directory, name(digest));
  }
}

function name(digest: Uint8Array): string {
  return Buffer.from(digest).toString('hex');
}

function damaged(digest: Uint8Array): FederatedError {
  return new FederatedError('verification', `the stored blob ${name(digest)} is damaged`, {
    fix: 'Restore it from a copy.',
  });
}

function unknown(digest: Uint8Array): FederatedError {
  return new FederatedError('invalid-argument', `no blob ${name(digest).slice(0, 64)}`, {
    fix: 'Ask for a digest named by the plan or by a published round.',
  });
}
