import type { ErrorCode } from './errors.js';
import { refusedRules } from './rules/refused.js';
import type { RuleGuide } from './rules/rule-guide.js';
import { verificationRules } from './rules/verification.js';

export { type ConfigField, configFields } from './rules/refused.js';
export type { RuleGuide } from './rules/rule-guide.js';

const recover = 'Make sure that no other client of this participant runs, then: concordat participant recover.';

/**
 * Every rule an error may name in `detail.rule`, by the code that carries it: the closed list behind the error pages.
 *
 * One family is open: an error about a plan names the field's path in the plan, e.g. `deadlines.readyMillis`.
 */
export const rules = {
  refused: refusedRules,
  verification: verificationRules,
  conflict: {
    'client.epoch': {
      required: 'one live client of a participant: the one that connected last',
      fix: 'Stop the other client; only one may act for a participant.',
    },
    'directory.held': {
      required: 'a directory that no other process uses',
      fix: 'Stop that process, use another directory, or start with --standby to take over when it ends.',
    },
  },
  unauthenticated: {
    'membership.ended': {
      required: 'a participant that its operator has not suspended or revoked',
      fix: 'Ask the operator; after a suspension the client can be started again, after a revocation a new invitation is needed.',
    },
    'certificate.expired': {
      required: 'a client certificate that has not run out',
      fix: 'Ask the operator for a new invitation and enrol with it in a new directory; a client that runs renews its certificate 60 days before.',
    },
    'certificate.not-yet-valid': {
      required: 'a client certificate that is valid already by the clock of the coordinator',
      fix: 'Ask the operator to set the clock of the coordinator right, then start the client again; the certificate need not be changed.',
    },
  },
  unavailable: {
    overload: {
      required: 'no more calls than the coordinator takes on at a time',
      fix: 'Wait for `retryAfterMillis`, then call again; clients of Concordat do so by themselves.',
    },
    'certificate.expired': {
      required: 'a coordinator whose certificate has not run out',
      fix: 'Tell the operator: concordat coordinator renew-certificate. If it is valid there, the clock of this machine is wrong.',
    },
    'certificate.not-yet-valid': {
      required: 'a coordinator whose certificate is valid already by the clock of this machine',
      fix: 'Set the clock of this machine right; if it is, tell the operator that the clock of the coordinator was wrong when its certificate was made.',
    },
    'coordinator.leader': {
      required: 'the coordinator that leads; `detail.leader` names its address where it is known',
      fix: 'Clients try the other addresses by themselves; add those that are missing to the invitation or enrolment.json.',
    },
    'store.unreachable': {
      required: 'a database that answers and can be written',
      fix: 'Check that PostgreSQL runs, the address in `store`, and the network between. The coordinator starts again by itself where a service manager does.',
    },
    'participant.leaving': {
      required: 'a participant that stays',
      fix: 'Wait until it connects again; the round goes on with the others.',
    },
    'store.full': {
      required: 'room on the disk of the coordinator’s store',
      fix: 'Free disk space there; the coordinator goes on by itself, and clients try again.',
    },
    'download.disk': {
      required: 'a disk of the participant that takes the model',
      fix: 'Free disk space there, and look at who may write in its directory; the client tries again by itself.',
    },
    'spool.space': {
      required: 'room on the disk of the coordinator for the rest of a masked vector',
      fix: 'Free disk space there; the client asks again by itself until the step ends.',
    },
    'store.failed': {
      required: 'a disk that takes and keeps every write of the coordinator’s store',
      fix: 'Check the disk, then start the coordinator again: everything acknowledged is kept.',
    },
  },
  deadline: {
    'upload.lease': {
      required: 'an upload that goes on at the rate of the plan’s leaseBytesPerSecond',
      fix: 'Check the line; the client goes on behind what was taken, by itself, until the step ends.',
    },
  },
  permission: {
    'store.login': {
      required: 'a database user that may enter, and may create and change tables in its schema',
      fix: 'Check the user in `store`, `storePassword`, pg_hba.conf, and the rights of the user on the schema.',
    },
  },
  'state-lost': {
    'store.restored': {
      required: 'a store that is no copy, or --new-incarnation',
      fix: 'Start once with --new-incarnation: the run that was under way ends, since participants may have seen more of it than the copy holds. Then propose a new plan from the last model.',
    },
    'store.schema': {
      required: 'a store of this version of the program or an older one',
      fix: 'Start the version that wrote the store, or a newer one.',
    },
    'state.epoch': { required: 'the number of the last start of this participant', fix: recover },
    'state.journal': { required: 'the journal with every record that was acknowledged', fix: recover },
    'state.receipts': { required: 'a journal that holds what the coordinator’s receipts prove', fix: recover },
    'state.fenced': { required: 'a directory that no newer copy was started from', fix: recover },
    'session.left': { required: 'a round whose session was not left before', fix: 'Wait for the next round.' },
  },
  'invalid-argument': {
    'store.database': {
      required: 'a database that exists, of PostgreSQL 13 or later',
      fix: 'Create it (createdb), correct the name in `store`, or update PostgreSQL.',
    },
    'check.chunks': {
      required: 'chunks within the sum, ascending, not too many in one request',
      fix: 'Ask for chunks that there are, in several requests.',
    },
    'update.finite': {
      required: 'an update without NaN and infinities',
      fix: 'Check the update before it is quantized.',
    },
  },
} as const satisfies Readonly<Partial<Record<ErrorCode, Readonly<Record<string, RuleGuide>>>>>;

/** The rules that errors of one code name. */
export type Rule<Code extends keyof typeof rules> = keyof (typeof rules)[Code];

/** The rules of a code, with what each requires; empty for a code without rules. */
export function rulesOf(code: ErrorCode): ReadonlyMap<string, RuleGuide> {
  const found: Readonly<Partial<Record<ErrorCode, Readonly<Record<string, RuleGuide>>>>> = rules;
  return new Map(Object.entries(found[code] ?? {}));
}
