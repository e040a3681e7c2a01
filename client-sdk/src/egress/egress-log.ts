import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { participantWrite } from '../state/durable-writes.js';
import { chainedLine, chainStart, type EgressMark, nextChain, readChained } from './egress-chain.js';

/** One thing that left this participant, or that it refused. */
export interface EgressEntry {
  /** Empty outside a run. */
  readonly runId: string;
  /** 0 outside a round. */
  readonly round: number;
  /** Message kind, e.g. `ready`, `share` or `masked-update`; `refusal`; or `opened` and `closed`, of the log itself. */
  readonly kind: string;
  /** What a message says, without its framing. */
  readonly bytes: number;
  /** SHA-256 of what left, lower-case hex; empty for a refusal. */
  readonly digest: string;
  /** Whether it is an update under masks. Nothing else of an update ever leaves. */
  readonly masked: boolean;
  /** For a refusal: rule and reason. */
  readonly note?: string;
}

/** An entry as it is kept. */
export interface KeptEntry extends EgressEntry {
  /** 1 for the first line of the file. */
  readonly seq: number;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** What left by sockets since the entry before, of all messages and everything around them: framing, requests, TLS. */
  readonly socketBytes: number;
}

/** What an egress log is opened with. */
export interface EgressLogOptions {
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
  /** Counts what leaves; without it every entry says 0. */
  readonly sockets?: { readonly written: number } | undefined;
}

const dayMillis = 86_400_000;
const noteCharactersMax = 1_000;
/** No line is longer. */
const lineBytesMax = 16_384;

export function egressPath(directory: string): string {
  return join(directory, 'egress.jsonl');
}

/**
 * What left us, in order: `egress.jsonl`, one JSON object a line, only ever appended to, each chained to the one before (`nextChain`). For
 * the participant's own questions; nobody else reads it. One writer at a time: hold the directory's lock.
 */
export class EgressLog {
  readonly #file: FileHandle;
  readonly #options: EgressLogOptions;
  #mark: EgressMark;
  #socketBytes = 0;
  #last: Promise<unknown> = Promise.resolve();
  #broken: unknown;
  #maskedAt: number[] = [];

  private constructor(file: FileHandle, options: EgressLogOptions, mark: EgressMark) {
    this.#file = file;
    this.#options = options;
    this.#mark = mark;
    this.#socketBytes = options.sockets?.written ?? 0;
  }

  /** Go on behind the last line; what a killed process left of an unfinished one is cut off. Notes that it was opened. */
  static async open(directory: string, options: EgressLogOptions): Promise<EgressLog> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND;
    const file = await open(egressPath(directory), flags, 0o600);
    try {
      const tornBytes = await cutTornLine(file);
      const log = new EgressLog(file, options, await markOf(file));
      const note = tornBytes === 0 ? {} : { note: `${tornBytes} bytes of an unfinished line were cut off` };
      await log.note({ ...ofTheLog, kind: 'opened', ...note });
      return log;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** How far it is, with what was noted and is not written yet. */
  get mark(): EgressMark {
    return this.#mark;
  }

  /** When masked updates were noted since it was opened, in the last 24 hours; milliseconds since 1970. */
  get maskedAt(): readonly number[] {
    return this.#maskedAt;
  }

  /** Note an entry; in the file when it resolves, durable with the next masked update. */
  note(entry: EgressEntry): Promise<void> {
    const line = this.#lineOf(entry);
    if (entry.masked) {
      const now = this.#options.wallMillis();
      this.#maskedAt = [...this.#maskedAt.filter((at) => at > now - dayMillis), now];
    }
    const done = this.#last.then(() => this.#append(line, entry.masked));
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Note that it was closed, with all that left since the last entry; durable when it resolves. */
  async close(): Promise<void> {
    try {
      await this.note({ ...ofTheLog, kind: 'closed' });
      await this.#file.datasync();
    } finally {
      await this.#file.close();
    }
  }

  #lineOf({ runId, round, kind, bytes, digest, masked, note }: EgressEntry): string {
    const written = this.#options.sockets?.written ?? 0;
    const kept: KeptEntry = {
      seq: this.#mark.entries + 1,
      time: new Date(this.#options.wallMillis()).toISOString(),
      runId,
      round,
      kind,
      bytes,
      digest,
      masked,
      ...(note === undefined ? {} : { note: note.slice(0, noteCharactersMax) }),
      socketBytes: written - this.#socketBytes,
    };
    this.#socketBytes = written;
    const said = JSON.stringify(kept);
    this.#mark = { entries: kept.seq, chain: nextChain(this.#mark.chain, said) };
    return `${chainedLine(said, this.#mark.chain)}\n`;
  }

  async #append(line: string, masked: boolean): Promise<void> {
    // A line that is missing breaks the chain: nothing is sent any more rather than unlogged.
    if (this.#broken !== undefined) throw this.#broken;
    try {
      if (!masked) return await this.#file.appendFile(line);
      await participantWrite('participant.egress', async () => {
        await this.#file.appendFile(line);
        await this.#file.datasync();
      });
    } catch (error) {
      this.#broken = error;
      throw error;
    }
  }
}

const ofTheLog = { runId: '', round: 0, bytes: 0, digest: '', masked: false } as const;

/** @returns bytes that were cut off. */
async function cutTornLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const tail = await readTail(file, size);
  const torn = tail.length - (tail.lastIndexOf('\n') + 1);
  // More than a line without a break is not what one unfinished write leaves: a check will name it.
  if (torn === 0 || torn > lineBytesMax) return 0;
  await file.truncate(size - torn);
  return torn;
}

/** Of the last line; of the whole file as it stands where that is not a chained one. */
async function markOf(file: FileHandle): Promise<EgressMark> {
  const { size } = await file.stat();
  const tail = await readTail(file, size);
  const last = readChained(tail.subarray(0, -1).toString('utf8').split('\n').at(-1) ?? '');
  if (last !== undefined) return { entries: last.seq, chain: last.chain };
  const all = await readFrom(file, 0, size);
  return { entries: linesOf(all), chain: chainStart(all) };
}

function linesOf(bytes: Uint8Array): number {
  let lines = 0;
  for (const byte of bytes) if (byte === 0x0a) lines += 1;
  return lines;
}

function readTail(file: FileHandle, size: number): Promise<Buffer> {
  return readFrom(file, Math.max(0, size - 2 * lineBytesMax), size);
}

async function readFrom(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
  return bytes.subarray(0, bytesRead);
}
