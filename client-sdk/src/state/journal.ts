import { join } from 'node:path';
import type { ParticipationRecord } from '@concordat/core';
import { AppendLog } from '@concordat/node';
import { recordFromBytes, recordToBytes } from './record-json.js';

/** What a participant may never forget: promises that hold across restarts. No secrets, no counts of records. */
export interface ParticipantJournal {
  /** Everything journalled so far, oldest first. */
  readonly records: readonly ParticipationRecord[];
  /** Durable when it resolves. */
  append(record: ParticipationRecord): Promise<void>;
  close(): Promise<void>;
}

/** @throws `state-lost` when acknowledged records are damaged. */
export async function openJournal(directory: string): Promise<ParticipantJournal> {
  const { log, records: written } = await AppendLog.open(join(directory, 'journal.log'));
  const records = written.map(recordFromBytes);
  return {
    records,
    async append(record) {
      await log.append(recordToBytes(record));
      records.push(record);
    },
    close: () => log.close(),
  };
}
