import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that appears under its name complete and on the disk, or never: write → fsync → rename → fsync of the directory. */
export class DurableWriter {
  readonly #file: FileHandle;
  readonly #temporary: string;
  #sizeBytes = 0;

  private constructor(file: FileHandle, temporary: string) {
    this.#file = file;
    this.#temporary = temporary;
  }

  /** @param temporary path in the directory of the final name; created, or emptied, readable by the owner only. */
  static async create(temporary: string): Promise<DurableWriter> {
    return new DurableWriter(await open(temporary, 'w', 0o600), temporary);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.byteLength; ) {
      written += (await this.#file.write(bytes, written)).bytesWritten;
    }
    this.#sizeBytes += bytes.byteLength;
  }

  async commit(path: string): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await rename(this.#temporary, path);
    const directory = await open(dirname(path), 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#temporary, { force: true });
  }
}
