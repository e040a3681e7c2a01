import type { ParticipantRecord } from '../participant/contract.js';
import { slotsOf } from '../participant/state.js';

/** What a participant knows of its own session, from its journal alone: against this the coordinator's transcript is checked. */
export interface OwnSession {
  readonly configHash: Uint8Array;
  readonly sid: Uint8Array;
  /** The cohort in order. */
  readonly participants: readonly string[];
  readonly sid2: Uint8Array;
  /** SHA-256 of the own signed upload header. */
  readonly contentDigest: Uint8Array;
  /** The one survivors statement that was signed, or revealed on, here. */
  readonly statement?: Uint8Array;
  /** Whether T signatures on it were checked here before. */
  readonly certified: boolean;
}

/**
 * The facts of a session whose sum may hold this participant's update.
 *
 * @param records of one session, oldest first.
 * @returns undefined when no update was bound to it, when it was aborted, or when its certificate leaves this participant out.
 */
export function ownSession(records: readonly ParticipantRecord[]): OwnSession | undefined {
  const slots = slotsOf(records);
  const { advertised, 'cohort-accepted': cohort, 'dealers-accepted': dealers, masked, revealed } = slots;
  if (advertised === undefined || cohort === undefined || dealers === undefined || masked === undefined)
    return undefined;
  if (slots['abort-signed'] !== undefined || slots['abort-certified'] !== undefined) return undefined;
  if (revealed?.included === false) return undefined;
  const statement = revealed?.body ?? slots['survivors-signed']?.body;
  return {
    configHash: advertised.configHash,
    sid: cohort.sid,
    participants: cohort.participants,
    sid2: dealers.sid2,
    contentDigest: masked.contentDigest,
    certified: revealed !== undefined,
    ...(statement === undefined ? {} : { statement }),
  };
}
