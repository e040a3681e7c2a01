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
    'proxy.refused': {
      required: 'a proxy that lets CONNECT to the coordinator pass',
      fix: 'Ask whoever runs the proxy to let this address pass; with 407, give the proxy its user.',
    },
    'coordinator.leader': {
      required: 'the coordinator that leads; `detail.leader` names its address where it is known',
      fix: 'Clients try the other addresses by themselves; add those that are missing to the invitation or enrolment.json.',
    },
    'store.unreachable': {
      required: 'a database that answers and can be written',
      fix: 'Check that PostgreSQL runs, the address in `store`, and the network between. The coordinator starts again by itself where a service manager does.',
    },
    'trainer.start': {
      required: 'a trainer that can be launched: a program that is there and may be run',
      fix: 'Correct trainer.launch, then: concordat participant trainer check.',
    },
    'trainer.died': {
      required: 'a trainer that stays until its work is done',
      fix: 'Read its last lines, correct it, then: concordat participant trainer check. It is launched again for the next round by itself.',
    },
    'trainer.absent': {
      required: 'a trainer that is attached, or comes in time',
      fix: 'Start the trainer; it finds socket and token in the directory of trainer.attach.',
    },
    'participant.leaving': {
      required: 'a participant that stays',
      fix: 'Wait until it connects again; the round goes on with the others.',
    },
    'store.full': {
      required: 'room on the disk of the coordinator’s store',
      fix: 'Free disk space there; the coordinator goes on by itself, and clients try again.',
    },
    'identity.signer': {
      required: 'an identity signer that answers within ten seconds',
      fix: 'Bring the hardware module or key service back, then start the client again: it goes on where that is safe.',
    },
    'download.disk': {
      required: 'a disk of the participant that takes the model',
      fix: 'Free disk space there, and look at who may write in its directory; the client tries again by itself.',
    },
    'spool.space': {
      required: 'room on the disk of the coordinator for the rest of a masked vector',
      fix: 'Free disk space there; the run waits for it and goes on by itself, and clients try again.',
    },
    'store.failed': {
      required: 'a disk that takes and keeps every write of the coordinator’s store',
      fix: 'Check the disk, then start the coordinator again: everything acknowledged is kept.',
    },
  },
  deadline: {
    'trainer.silent': {
      required: 'a trainer that says hello, reports progress or answers within its time',
      fix: 'Let it report progress more often, or raise trainer.silentSeconds or trainer.startSeconds. It was ended; a launched one is launched again.',
    },
    'upload.lease': {
      required: 'an upload that goes on at the rate of the plan’s leaseBytesPerSecond',
      fix: 'Check the line; the client goes on behind what was taken, by itself, until the step ends.',
    },
  },
  malformed: {
    'trainer.message': {
      required: 'messages of trainer.proto, within their bounds',
      fix: 'Use the trainer client of the same version, and let the script write nothing to its socket.',
    },
    'trainer.weights': {
      required: 'trained weights as safetensors of float32, no longer than the model',
      fix: 'Give back exactly the tensors of the task, as float32.',
    },
  },
  protocol: {
    'trainer.version': {
      required: 'a trainer that speaks version 1 of trainer.proto',
      fix: 'Use the trainer client that came with this version.',
    },
    'trainer.task': {
      required: 'an answer to the task that was given, its messages in order',
      fix: 'Answer each task once, with its id, and nothing else.',
    },
  },
  permission: {
    'trainer.directory': {
      required: 'a directory that only its owner can read, for the socket and token of a trainer',
      fix: 'Type chmod 700 for the directory, or name another in trainer.attach.',
    },
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
    'participation.file': {
      required: 'a participation.json that can be read, or none',
      fix: 'Restore it from a copy, or remove it and decide anew: concordat participant pause, withdraw.',
    },
    'state.journal': { required: 'the journal with every record that was acknowledged', fix: recover },
    'state.receipts': { required: 'a journal that holds what the coordinator’s receipts prove', fix: recover },
    'approval.file': {
      required: 'every decision on the plan as it was kept',
      fix: 'Restore the file from a copy, or remove it and let the plan be approved anew.',
    },
    'state.fenced': { required: 'a directory that no newer copy was started from', fix: recover },
    'session.left': { required: 'a round whose session was not left before', fix: 'Wait for the next round.' },
  },
  'invalid-argument': {
    'model.in-place': {
      required: 'a trainer that puts what it learned into new arrays',
      fix: 'Copy the weights before they are trained; what changed is the difference of the two.',
    },
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
