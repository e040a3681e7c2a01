import { createHash } from 'node:crypto';
import { copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FederatedError, JournalledSteps, type ParticipationRecord } from '@concordat/core';
import { AppendLog, writeDurably } from '@concordat/node';
import { participantWrite } from './durable-writes.js';
import { recordFromBytes, recordToBytes } from './record-json.js';
import { stateLost } from './state-lost.js';

/** How far a journal was at some time: a later one begins with the same records. */
export interface JournalMark {
  readonly records: number;
  /** d₀ = 32 zero bytes, dᵢ = SHA-256(dᵢ₋₁ ‖ record i). */
  readonly digest: Uint8Array;
}

/** What a participant may never forget: promises that hold across restarts. No secrets, no counts of records. */
export interface ParticipantJournal {
  /** Of everything journalled so far, which steps. */
  readonly steps: JournalledSteps;
  /**
   * Everything journalled so far, oldest first, from the disk: a journal grows with every round, for years.
   *
   * @throws `state-lost` when the file does not begin with what was read and written here.
   */
  read(): Promise<readonly ParticipationRecord[]>;
  mark(): JournalMark;
  /** Durable when it resolves. */
  append(record: ParticipationRecord): Promise<void>;
  close(): Promise<void>;
}

/**
 * Open the journal, or make it when no client ever started here.
 *
 * @param expected how far it was when it was last looked at.
 * @throws `state-lost` when it is missing, damaged, shorter than that or another.
 */
export async function openJournal(directory: string, expected: JournalMark | undefined): Promise<ParticipantJournal> {
  const path = journalPath(directory);
  if (expected !== undefined && !(await exists(path))) {
    throw stateLost(directory, `${path} is missing: a client has run here before`, { rule: 'state.journal' });
  }
  const { log, records: written } = await openLog(directory, path);
  try {
    const marks = marksOf(written);
    requireMark(directory, marks, expected);
    let last = marks.at(-1)!;
    const steps = JournalledSteps.of(written.map(recordFromBytes));
    return {
      steps,
      async read() {
        const { records } = await AppendLog.salvage(path);
        requireMark(directory, marksOf(records), last);
        return records.map(recordFromBytes);
      },
      mark: () => last,
      async append(record) {
        const bytes = recordToBytes(record);
        await participantWrite('participant.journal', () => log.append(bytes));
        steps.note(record);
        last = next(last, bytes);
      },
      close: () => log.close(),
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** Everything of a journal that can still be read, and what is wrong with it. Nothing is changed. */
export interface SalvagedJournal {
  readonly records: readonly ParticipationRecord[];
  readonly damage: FederatedError | undefined;
}

/** @throws `state-lost` when a whole record is not one this version understands: another version has to recover it. */
export async function salvageJournal(directory: string, expected: JournalMark | undefined): Promise<SalvagedJournal> {
  const path = journalPath(directory);
  const { records: written, lostBytes } = await AppendLog.salvage(path);
  const records = written.map(recordFromBytes);
  try {
    if (expected !== undefined && !(await exists(path))) {
      throw stateLost(directory, `${path} is missing`, { rule: 'state.journal' });
    }
    requireMark(directory, marksOf(written), expected);
    if (lostBytes > 0)
      throw stateLost(directory, `${lostBytes} bytes of ${path} are damaged`, { rule: 'state.journal' });
    return { records, damage: undefined };
  } catch (error) {
    if (error instanceof FederatedError) return { records, damage: error };
    throw error;
  }
}

/**
 * Put other records in the journal's place; the old file is kept beside it as `journal.log.lost`. No client may be open.
 *
 * @returns how far the new one is. Durable when it resolves.
 */
export async function replaceJournal(directory: string, records: readonly ParticipationRecord[]): Promise<JournalMark> {
  const path = journalPath(directory);
  if (await exists(path)) await copyFile(path, `${path}.lost`);
  const written = records.map(recordToBytes);
  await writeDurably(path, Buffer.concat(written.map(AppendLog.frame)));
  return marksOf(written).at(-1)!;
}

async function openLog(directory: string, path: string) {
  try {
    return await AppendLog.open(path);
  } catch (error) {
    if (!(error instanceof FederatedError) || error.code !== 'state-lost') throw error;
    throw stateLost(directory, error.message, { ...error.detail, rule: 'state.journal' }, error);
  }
}

function requireMark(directory: string, marks: readonly JournalMark[], expected: JournalMark | undefined): void {
  const found = marks.at(-1)!;
  if (expected === undefined) {
    if (found.records === 0) return;
    throw stateLost(
      directory,
      `the journal has ${found.records} records, but the number of the last start is missing`,
      {
        rule: 'state.epoch',
        offered: found.records,
      },
    );
  }
  const then = marks[expected.records];
  if (then !== undefined && Buffer.compare(then.digest, expected.digest) === 0) return;
  throw stateLost(
    directory,
    then === undefined
      ? `the journal has ${found.records} records; at the last start or end of a client it had ${expected.records}`
      : 'the journal is not the one of the last start or end of a client',
    { rule: 'state.journal', required: expected.records, offered: found.records },
  );
}

/** Marks after 0, 1, 2, … records. */
function marksOf(written: readonly Uint8Array[]): readonly JournalMark[] {
  const marks: JournalMark[] = [{ records: 0, digest: new Uint8Array(32) }];
  for (const bytes of written) marks.push(next(marks.at(-1)!, bytes));
  return marks;
}

function next({ records, digest }: JournalMark, bytes: Uint8Array): JournalMark {
  return { records: records + 1, digest: createHash('sha256').update(digest).update(bytes).digest() };
}

function journalPath(directory: string): string {
  return join(directory, 'journal.log');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
