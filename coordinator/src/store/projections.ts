import { createHash } from 'node:crypto';
import { type CoordinationRecord, decodeRoster, toHex, type Verdict } from '@concordat/core';
import type { JournalEvent } from './journal.js';

/** What rows must say after a journal's events, as lines that can be compared; sorted. */
export type Projection = readonly string[];

/** What the rows of a consortium must be: rosters, plans, invitations and entries. */
export interface ConsortiumProjection {
  readonly rosters: Projection;
  readonly plans: Projection;
  readonly invitations: Projection;
  readonly entries: Projection;
}

/** What the rows of a run must be, as far as its events tell. */
export interface RunProjection {
  readonly run: Projection;
  /** These were given, perhaps others too: answers of a session that is over leave no event. */
  readonly receipts: Projection;
  readonly verdicts: Projection;
}

interface Invited {
  readonly participant: string;
  readonly organization: string;
  readonly expires: number;
  used: boolean;
}

export const rosterLine = (epoch: number, body: Uint8Array): string => `epoch ${epoch} ${digestOf(body)}`;
export const planLine = (hash: string, operator: string): string => `plan ${hash} of ${operator}`;
export const invitationLine = ({ participant, organization, expires, used }: Invited): string =>
  `${participant} (${organization}) until ${expires}${used ? ', used' : ''}`;
export const entryLine = (participant: string, organization: string, fingerprint: string, admitted: boolean): string =>
  `${participant} (${organization}) ${fingerprint}${admitted ? ', admitted' : ''}`;
export const receiptLine = (round: number, step: string, participant: string): string =>
  `round ${round} ${step} ${participant}`;
export const verdictLine = (sid2: Uint8Array, participant: string, kind: string): string =>
  `${toHex(sid2)} ${participant} ${kind}`;
export const runLine = (model: { readonly version: number; readonly hash: string }, state: string, reason: string) =>
  `model ${model.version} ${model.hash}, ${state}${reason === '' ? '' : `: ${reason}`}`;

/** @param events of no run, in order. */
export function projectConsortium(events: readonly JournalEvent[]): ConsortiumProjection {
  const rosters: string[] = [];
  const plans = new Set<string>();
  let invited: Invited[] = [];
  const entries = new Map<string, { readonly organization: string; readonly fingerprint: string; admitted: boolean }>();
  for (const { kind, body } of events) {
    const facts = kind === 'roster-epoch' ? undefined : JSON.parse(Buffer.from(body).toString('utf8'));
    switch (kind) {
      case 'roster-epoch': {
        const { epoch, members } = decodeRoster(body);
        rosters.push(rosterLine(epoch, body));
        for (const { participantId } of members) {
          const entry = entries.get(participantId);
          if (entry !== undefined) entry.admitted = true;
        }
        break;
      }
      case 'revoked':
        invited = invited.filter(({ participant }) => participant !== facts.participant);
        entries.delete(facts.participant);
        break;
      case 'plan-proposed':
        plans.add(planLine(facts.planHash, facts.operator));
        break;
      case 'invited':
        invited = invited.filter(({ participant, used }) => used || participant !== facts.participant);
        invited.push({ ...facts, used: false });
        break;
      case 'enrolled':
        for (const one of invited) one.used ||= one.participant === facts.participant;
        entries.set(facts.participant, { ...facts, admitted: false });
        break;
    }
  }
  return {
    rosters: rosters.sort(),
    plans: [...plans].sort(),
    invitations: invited.map(invitationLine).sort(),
    entries: [...entries].map(([who, one]) => entryLine(who, one.organization, one.fingerprint, one.admitted)).sort(),
  };
}

/**
 * @param records of the run. @param verdicts in its events about sums. @param initial hash of the model that its plan names, hexadecimal.
 */
export function projectRun(
  records: readonly CoordinationRecord[],
  verdicts: readonly { readonly sid2: Uint8Array; readonly participant: string; readonly verdict: Verdict }[],
  initial: string,
): RunProjection {
  let model = { version: 0, hash: initial };
  let state = 'running';
  let reason = '';
  const receipts = new Set<string>();
  for (const record of records) {
    for (const line of receiptsOf(record)) receipts.add(line);
    if (record.type === 'finished') ({ outcome: state, reason } = record);
    if (record.type !== 'round-ended' || record.record.outcome.type !== 'published') continue;
    const { modelVersion, modelHash } = record.record.outcome;
    model = { version: modelVersion, hash: toHex(modelHash) };
  }
  return {
    run: [runLine(model, state, reason)],
    receipts: [...receipts].sort(),
    verdicts: verdicts.map(({ sid2, participant, verdict }) => verdictLine(sid2, participant, verdict.kind)).sort(),
  };
}

/** Answers that a fact rests on: each was acknowledged in the transaction of its own. */
function receiptsOf(record: CoordinationRecord): string[] {
  if (record.type === 'approved') return [receiptLine(0, 'approve', record.participant)];
  if (record.type !== 'session') return [];
  const { round, record: fact } = record;
  const each = (step: string, participants: readonly string[]) =>
    participants.map((participant) => receiptLine(round, step, participant));
  switch (fact.type) {
    case 'cohort-frozen':
      return each('advertise', fact.participants);
    case 'dealers-frozen':
      return [...each('share', fact.dealers)];
    case 'survivors-frozen':
      return [...each('confirm', fact.survivors), ...each('upload', fact.survivors)];
    case 'certified':
      return each('certify', fact.signers);
    case 'aborted':
      return each('abort', fact.signers);
    default:
      return [];
  }
}

function digestOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}
