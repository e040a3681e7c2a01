import { createHash } from 'node:crypto';
import type { JournalEvent } from '@concordat/coordinator';
import { size } from './transcript.js';

/** One line for each record of a run in the coordinator's journal. */
export function coordinatorLines(events: readonly JournalEvent[]): string[] {
  return events.map(({ round, kind, body }) => `r${round} ${kind} · ${size(body)}`);
}

/** One line for each record of a participant. */
export function participantLines(records: readonly Uint8Array[]): string[] {
  return records.map((bytes) => {
    const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
      readonly type: string;
      readonly round?: number;
      readonly rule?: string;
      readonly record?: { readonly type: string };
    };
    const inner = record.record === undefined ? '' : `/${record.record.type}`;
    const rule = record.rule === undefined ? '' : ` (${record.rule})`;
    return `r${record.round ?? 0} ${record.type}${inner}${rule} · ${size(bytes)}`;
  });
}

/** SHA-256 over all of them, for comparisons. */
export function digestOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(createHash('sha256').update(part).digest());
  return hash.digest('hex');
}
