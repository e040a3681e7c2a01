import type { CoordinationRecord, Signed, Verdict } from '@concordat/core';
import { decodeRecord } from '../run/record-json.js';
import { resultEvents } from '../run/run-journal.js';
import type { TimedEvent } from '../store/journal-reader.js';

/** What the journal says of opened sums. */
export type ResultFact =
  | { readonly type: 'result-opened'; readonly aggregate: Signed }
  | {
      readonly type: 'result-verdict';
      readonly participant: string;
      readonly sid2: Uint8Array;
      readonly verdict: Verdict;
    };

/** One event of a round, decoded. */
export interface RoundFact {
  /** Of the event in the journal. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly atMillis: number | undefined;
  readonly fact: CoordinationRecord | ResultFact;
}

/** The journal holds no session's `input`: what is decoded here was public when it was written. */
export function factsOf(events: readonly TimedEvent[]): RoundFact[] {
  return events.map(({ seq, atMillis, kind, body }) => ({ seq, atMillis, fact: factOf(kind, body) }));
}

function factOf(kind: string, body: Uint8Array): RoundFact['fact'] {
  const record = decodeRecord(body) as object;
  if (!kind.startsWith(resultEvents)) return record as CoordinationRecord;
  return { type: kind === `${resultEvents}verdict` ? 'result-verdict' : 'result-opened', ...record } as ResultFact;
}
