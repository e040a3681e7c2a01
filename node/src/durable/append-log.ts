import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { FederatedError } from '@concordat/core';
import { type Files, nodeFiles, type OpenFile } from './files.js';

/** Frame: length u32, CRC-32 of (length ‖ record) u32, record; big-endian. The CRC covers the length, so that it can be believed. */
const frameHeaderBytes = 8;
const recordBytesMaxDefault = 1024 * 1024;

export interface AppendLogOptions {
  /** Longest record; 1 MiB unless said. */
  readonly recordBytesMax?: number;
  /** Of this machine unless said. */
  readonly files?: Files;
}

/** What can still be read of a log. */
export interface SalvagedLog {
  /** Every whole record, also those behind damage, oldest first. */
  readonly records: readonly Uint8Array[];
  /** Bytes that belong to no whole record. */
  readonly lostBytes: number;
}

export interface OpenedLog {
  readonly log: AppendLog;
  /** Everything that was acknowledged before, oldest first. */
  readonly records: readonly Uint8Array[];
  /** Bytes of an unfinished write that were cut off; 0 after a clean stop. */
  readonly tornBytes: number;
}

/** A file that only grows, one record at a time, each durable when its promise resolves. One writer at a time: lock the directory. */
export class AppendLog {
  readonly #path: string;
  readonly #file: OpenFile;
  readonly #recordBytesMax: number;
  #size: number;
  #last: Promise<unknown> = Promise.resolve();
  #broken: FederatedError | undefined;

  private constructor(path: string, file: OpenFile, size: number, recordBytesMax: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#recordBytesMax = recordBytesMax;
  }

  /**
   * Open or create a log, read it whole and cut off a torn tail: what one unfinished write can leave, nothing more.
   *
   * @throws `state-lost` when a whole record follows the damage, or more than one write can have torn: then records that were
   *   acknowledged are gone, and going on would forget them in silence.
   */
  static async open(path: string, options: AppendLogOptions = {}): Promise<OpenedLog> {
    const { recordBytesMax = recordBytesMaxDefault, files = nodeFiles } = options;
    const file = await files.open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const bytes = await file.readAll();
      const { records, end } = readFrames(bytes, recordBytesMax);
      const tornBytes = bytes.length - end;
      // Records are written one after another, each flushed before the next: behind a torn one there is none.
      const acknowledged = nextFrame(bytes, end + 1, recordBytesMax) !== undefined;
      if (acknowledged || tornBytes > frameHeaderBytes + recordBytesMax) throw damaged(path, end, tornBytes);
      if (tornBytes > 0) {
        await file.truncate(end);
        await file.sync();
      }
      if (bytes.length === 0) await files.syncDirectory(dirname(path));
      return { log: new AppendLog(path, file, end, recordBytesMax), records, tornBytes };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Read what can be read of a log, whatever happened to it; nothing is changed. A file that is absent has no records. */
  static async salvage(path: string, options: AppendLogOptions = {}): Promise<SalvagedLog> {
    const recordBytesMax = options.recordBytesMax ?? recordBytesMaxDefault;
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return new Uint8Array(0);
      throw error;
    });
    const records: Uint8Array[] = [];
    let kept = 0;
    for (let from: number | undefined = 0; from !== undefined; ) {
      const { records: some, end } = readFrames(bytes, recordBytesMax, from);
      records.push(...some);
      kept += end - from;
      from = nextFrame(bytes, end + 1, recordBytesMax);
    }
    return { records, lostBytes: bytes.length - kept };
  }

  /** A record as it stands in a log: a file of such frames is one. */
  static frame(record: Uint8Array): Uint8Array {
    return frame(record);
  }

  /** Bytes of the file. */
  get sizeBytes(): number {
    return this.#size;
  }

  /**
   * Write a record and fsync. Calls are queued in order; the record is copied at once.
   *
   * @throws `unavailable` when the disk is full: nothing was written, try again when there is room;
   *   `internal` when write or fsync failed: the log takes nothing more, because what the disk holds is unknown.
   */
  append(record: Uint8Array): Promise<void> {
    if (record.length === 0 || record.length > this.#recordBytesMax) {
      const detail = { required: this.#recordBytesMax, offered: record.length };
      return Promise.reject(new FederatedError('invalid-argument', 'record empty or too long', { detail }));
    }
    const bytes = frame(record);
    const done = this.#last.then(() => this.#write(bytes));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Wait for what is queued and close the file. */
  async close(): Promise<void> {
    await this.#last;
    this.#broken ??= new FederatedError('internal', `${this.#path} is closed`);
    await this.#file.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      for (let written = 0; written < bytes.length; ) {
        const left = bytes.length - written;
        written += await this.#file.write(bytes, written, left, this.#size + written);
      }
      await this.#file.datasync();
      this.#size += bytes.length;
    } catch (cause) {
      throw await this.#afterFailure(cause);
    }
  }

  // A failed fsync is never repeated: the kernel may have dropped the pages and report success the second time.
  async #afterFailure(cause: unknown): Promise<FederatedError> {
    if (isDiskFull(cause)) {
      const cut = await this.#file.truncate(this.#size).then(
        () => true,
        () => false,
      );
      if (cut) {
        return new FederatedError('unavailable', `no room on the disk for ${this.#path}`, {
          fix: 'Free disk space; the work goes on by itself.',
          cause,
        });
      }
    }
    this.#broken = new FederatedError('internal', `${this.#path} could not be written`, {
      fix: 'Check the disk, then start again: everything acknowledged is kept.',
      cause,
    });
    return this.#broken;
  }
}

function frame(record: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(frameHeaderBytes + record.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, record.length);
  bytes.set(record, frameHeaderBytes);
  view.setUint32(4, crc32(record, crc32(bytes.subarray(0, 4))));
  return bytes;
}

function readFrames(bytes: Uint8Array, recordBytesMax: number, from = 0): { records: Uint8Array[]; end: number } {
  const records: Uint8Array[] = [];
  let end = from;
  for (let record = frameAt(bytes, end, recordBytesMax); record !== undefined; ) {
    records.push(new Uint8Array(record));
    end += frameHeaderBytes + record.length;
    record = frameAt(bytes, end, recordBytesMax);
  }
  return { records, end };
}

/** The record of the frame at `at`, a view; undefined when there is no whole one. */
function frameAt(bytes: Uint8Array, at: number, recordBytesMax: number): Uint8Array | undefined {
  if (at + frameHeaderBytes > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(at);
  const start = at + frameHeaderBytes;
  if (length === 0 || length > recordBytesMax || length > bytes.length - start) return undefined;
  const record = bytes.subarray(start, start + length);
  return crc32(record, crc32(bytes.subarray(at, at + 4))) === view.getUint32(at + 4) ? record : undefined;
}

/** Where the next whole frame begins, at `from` or later. */
function nextFrame(bytes: Uint8Array, from: number, recordBytesMax: number): number | undefined {
  for (let at = from; at + frameHeaderBytes <= bytes.length; at++) {
    if (frameAt(bytes, at, recordBytesMax) !== undefined) return at;
  }
  return undefined;
}

function isDiskFull(cause: unknown): boolean {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function damaged(path: string, at: number, behind: number): FederatedError {
  return new FederatedError(
    'state-lost',
    `${path} is damaged at byte ${at}, and ${behind} bytes follow: records that were acknowledged are lost`,
    {
      detail: { path, at, behind },
      fix: 'Check the disk and restore the directory from what was lost last; do not edit the file.',
    },
  );
}
