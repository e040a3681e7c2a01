import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/** An open file. Everything may be lost at a power cut until `sync` or `datasync` resolved. */
export interface OpenFile {
  /** Bytes from where reading stands to the end. */
  readAll(): Promise<Uint8Array>;
  /** @returns how many bytes of `bytes` from `offset` on were written at `position`, or behind the last write without one. */
  write(bytes: Uint8Array, offset: number, length: number, position?: number): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Content and size are on the disk. */
  datasync(): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What durable files need of a file system. Names are lost at a power cut as well, until `syncDirectory` resolved. */
export interface Files {
  /** @param flags as `fs.open` takes them. @param mode of a new file. */
  open(path: string, flags: string | number, mode?: number): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** Does nothing when it is gone. */
  remove(path: string): Promise<void>;
  /** Make names that were created, renamed or removed in a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

/** The files of this machine. */
export const nodeFiles: Files = {
  open: async (path, flags, mode) => openFile(await open(path, flags, mode)),
  rename,
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(path) {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};

function openFile(file: FileHandle): OpenFile {
  return {
    readAll: async () => new Uint8Array(await file.readFile()),
    write: async (bytes, offset, length, position) => (await file.write(bytes, offset, length, position)).bytesWritten,
    truncate: (length) => file.truncate(length),
    datasync: () => file.datasync(),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}
