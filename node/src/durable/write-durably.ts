import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { type Files, nodeFiles, type OpenFile } from './files.js';

export interface WriteOptions {
  /** Permission bits of the new file; 0o600 unless said. */
  readonly mode?: number;
  /** Of this machine unless said. */
  readonly files?: Files;
}

/**
 * Replace a file so that after a crash either the old or the new content is there, whole:
 * write a temporary file beside it, fsync, rename, fsync the directory. When the promise resolves the content is durable.
 *
 * @param content one piece, or pieces written one after another (peak memory is one piece).
 * @throws the file system's error; the temporary file is gone then and the old content untouched.
 */
export async function writeDurably(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  const { mode = 0o600, files = nodeFiles } = options;
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await files.open(temporary, 'wx', mode);
    try {
      if (content instanceof Uint8Array) await writeAll(file, content);
      else for await (const piece of content) await writeAll(file, piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(temporary, path);
  } catch (error) {
    await files.remove(temporary).catch(() => undefined);
    throw error;
  }
  await files.syncDirectory(dirname(path));
}

/** Behind what was written before, in as many writes as it takes. */
export async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.byteLength; ) {
    written += await file.write(bytes, written, bytes.byteLength - written);
  }
}

/** Make names that were created, renamed or removed in `directory` durable. */
export function syncDirectory(directory: string): Promise<void> {
  return nodeFiles.syncDirectory(directory);
}
