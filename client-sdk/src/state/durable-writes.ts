import { durably } from '@concordat/node';

/** Every durable write of a participant's client, by name: where its promises rest, and where a failpoint can end it. */
export const participantWrites = {
  /** The number of this start, and how far the journal was; at the start and at the end of a client. */
  'participant.epoch': 'client-epoch',
  /** One record that may never be forgotten. */
  'participant.journal': 'journal.log',
  /** The egress log's line about a masked update; its data is synced before the first byte leaves. */
  'participant.egress': 'egress.jsonl',
  /** The sealed root of a session. */
  'participant.root': 'sessions/<run>.<round>.sealed',
  'participant.root-erased': 'sessions/<run>.<round>.sealed',
  /** Roots of sessions that are over, at the start. */
  'participant.roots-purged': 'sessions/',
  /** A masked vector. */
  'participant.spool': 'spool/<run>.<round>.masked',
  'participant.spool-erased': 'spool/<run>.<round>.masked',
  /** Vectors of sessions that are over, at the start. */
  'participant.spool-purged': 'spool/',
  /** The roster epoch that was approved with a plan. */
  'participant.roster': 'roster.json',
} as const;

/** The name of a durable write of a participant. */
export type ParticipantWrite = keyof typeof participantWrites;

/** Do one of them, under its name. */
export function participantWrite<Result>(write: ParticipantWrite, work: () => Promise<Result>): Promise<Result> {
  return durably(write, work);
}
