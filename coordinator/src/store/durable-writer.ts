import { dirname } from 'node:path';
import { type Files, nodeFiles, type OpenFile, writeAll } from '@concordat/node';

/** A file that appears under its name complete and on the disk, or never: write → fsync → rename → fsync of the directory. */
export class DurableWriter {
  readonly #files: Files;
  readonly #file: OpenFile;
  readonly #temporary: string;
  #sizeBytes = 0;

  private constructor(files: Files, file: OpenFile, temporary: string) {
    this.#files = files;
    this.#file = file;
    this.#temporary = temporary;
  }

  /** @param temporary path in the directory of the final name; created, or emptied, readable by the owner only. */
  static async create(temporary: string, files: Files = nodeFiles): Promise<DurableWriter> {
    return new DurableWriter(files, await files.open(temporary, 'w', 0o600), temporary);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#file, bytes);
    this.#sizeBytes += bytes.byteLength;
  }

  async commit(path: string): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    await this.#files.rename(this.#temporary, path);
    await this.#files.syncDirectory(dirname(path));
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await this.#files.remove(this.#temporary);
  }
}
