import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, FederatedError, toHex } from '@concordat/core';
import { type Clock, Garbage } from '@concordat/node';
import type { BlobSink } from './blob-sink.js';
import { isTransient } from './failures.js';
import { diskRefuses, FileSink, type SinkPorts } from './file-sink.js';

/** Downloads that nobody goes on with, of which the newest stay: a model that is trained from, one that is checked, one that was published. */
const abandonedMax = 3;
/** Bytes of messages between two collections. */
const garbageBytesMax = 8 * 1024 * 1024;
/** What is said of bytes that do not fit together: those that were there before may be to blame, whoever sent them. */
const misfits: ReadonlySet<ErrorCode> = new Set(['malformed', 'verification', 'invalid-argument']);

/** What downloads have from around them. */
export interface DownloadsOptions {
  /** Called whenever what was received left much of it; nothing unless given. */
  readonly collectGarbage?: (() => void) | undefined;
  /** The system's unless given. */
  readonly clock?: Clock | undefined;
}

/** One attempt to fetch what the sink has not. */
export type DownloadAttempt = (sink: BlobSink) => Promise<Uint8Array>;

/**
 * Downloads that a participant goes on with after its line broke, and after its process ended: a file for each, named by its digest, that
 * is at most a second behind and is removed once the blob is at hand. For the one process that has the directory.
 *
 * Nothing on the disk is believed: the digest of all of it decides in the end. Where it does not fit, and part of it was there before, all is
 * thrown away and fetched once more from its first byte, so that no coordinator can leave behind what spoils the download from the next.
 */
export class Downloads {
  readonly #directory: string;
  readonly #ports: SinkPorts;
  /** Path → when whoever fetches it is done. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(directory: string, { collectGarbage, clock }: DownloadsOptions = {}) {
    this.#directory = directory;
    this.#ports = { garbage: collectGarbage && new Garbage(garbageBytesMax, collectGarbage), clock };
  }

  /**
   * @param repeat runs attempts until one succeeds, or gives up. It may be called twice.
   * @throws as the attempts do; `unavailable` (rule `download.disk`) when the disk does not take them.
   */
  async fetch(blob: { readonly sha256: Uint8Array; readonly maxBytes: number }, repeat: Repeat): Promise<Uint8Array> {
    const path = join(this.#directory, `${toHex(blob.sha256)}.part`);
    const before = this.#turns.get(path)?.catch(() => undefined) ?? this.#makeRoom(path);
    const turn = before.then(() => fetchInto(() => FileSink.open(path, blob.maxBytes, this.#ports), path, repeat));
    this.#turns.set(path, turn);
    try {
      return await turn;
    } catch (error) {
      throw error instanceof FederatedError ? error : diskRefuses(error);
    } finally {
      if (this.#turns.get(path) === turn) this.#turns.delete(path);
    }
  }

  async #makeRoom(path: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const paths = (await readdir(this.#directory)).map((name) => join(this.#directory, name));
    const abandoned = paths.filter((one) => one !== path && !this.#turns.has(one));
    const dated = await Promise.all(abandoned.map(async (one) => ({ one, at: await changedAt(one) })));
    for (const { one } of dated.sort((a, b) => b.at - a.at).slice(abandonedMax)) {
      await rm(one, { recursive: true, force: true });
    }
  }
}

type OpenSink = () => Promise<FileSink>;
type Repeat = (next: (attempt: DownloadAttempt) => Promise<Uint8Array>) => Promise<Uint8Array>;

async function fetchInto(open: OpenSink, path: string, repeat: Repeat): Promise<Uint8Array> {
  // The second time nothing is resumed, so that it ends with the first misfit.
  return (await goOn(open, path, repeat)) ?? (await goOn(open, path, repeat))!;
}

/** @returns undefined when it does not fit together and part of it was there before; then nothing is left of it. */
async function goOn(open: OpenSink, path: string, repeat: Repeat): Promise<Uint8Array | undefined> {
  let sink = await open();
  const isResumed = sink.receivedBytes > 0;
  try {
    const bytes = await repeat(async (attempt) => {
      if (sink.failed) {
        await sink.close();
        sink = await open();
      }
      return attempt(sink);
    });
    await rm(path, { force: true });
    return bytes;
  } catch (error) {
    if (!(error instanceof FederatedError) || isTransient(error)) throw error;
    await rm(path, { force: true });
    if (!isResumed || !misfits.has(error.code)) throw error;
    return undefined;
  } finally {
    await sink.close();
  }
}

/** Of one that was finished meanwhile: long ago. */
async function changedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
