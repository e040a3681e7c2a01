import { type Rule, rulesOf } from './rules.js';

/**
 * What the caller can do about a failure, not what broke.
 *
 * `invalid-argument` fix the call · `malformed` bytes do not decode · `protocol` not allowed now ·
 * `conflict` same key, other content · `verification` signature, tag or commitment wrong ·
 * `unauthenticated`, `permission` · `refused` a policy said no · `below-threshold` too few left ·
 * `budget-exhausted` · `state-lost` · `deadline` · `unavailable` retry · `internal` our bug.
 */
export const errorCodes = [
  'invalid-argument',
  'malformed',
  'protocol',
  'conflict',
  'verification',
  'unauthenticated',
  'permission',
  'refused',
  'below-threshold',
  'budget-exhausted',
  'state-lost',
  'deadline',
  'unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Ids, counts and limits. Never keys, shares, updates. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** What a code means and what a caller can do, for the page of the code and for errors that say nothing more exact. */
export interface ErrorGuide {
  readonly meaning: string;
  readonly fix: string;
}

/** One entry for each code; the pages below `docs/errors` are made of it. */
export const errorGuides: Readonly<Record<ErrorCode, ErrorGuide>> = {
  'invalid-argument': {
    meaning:
      'The call cannot be right whatever the state of the other side: an argument, an option, a file or a field has the wrong form, or names what does not exist. Nothing was changed.',
    fix: 'Correct the argument that the message names, then call again.',
  },
  malformed: {
    meaning:
      'Bytes that came from a file or from the other side do not decode: they are cut, too long, not in their one encoding, or of another version. Nothing of them was used.',
    fix: 'Use the same version of the software on both sides, and an unchanged copy of the file.',
  },
  protocol: {
    meaning:
      'The message is understood and not allowed now: its step is over, was not reached yet, or was never asked for.',
    fix: 'Wait for the next round, or ask for the state first; if it repeats, compare the versions of both sides.',
  },
  conflict: {
    meaning:
      'Something else was accepted under the same key before: another content for the same step, another run of the same name, another process in the same directory.',
    fix: 'Look at what is there already; keep it, or use another name.',
  },
  verification: {
    meaning:
      'A signature, a tag, a hash or a commitment does not fit: somebody changed the bytes, signed something else, or is not who the name says. Nothing of it was used, and repeating does not help.',
    fix: 'Do not go on with what was offered; keep the journal as evidence and tell the operator.',
  },
  unauthenticated: {
    meaning:
      'The other side does not know who is calling: no certificate of this consortium, or none that is still valid.',
    fix: 'Enrol with an invitation, or ask the operator whether the entry was admitted.',
  },
  permission: {
    meaning:
      'The caller is known and may not do this: another role may, or the rights of a file are too wide or too narrow.',
    fix: 'Use the certificate of the role that may, or correct the rights of the file that the message names.',
  },
  refused: {
    meaning:
      'A rule said no: a policy of the data holder, a bound of the plan, or a rule of the protocol. `detail` names the rule, what it requires and what was offered.',
    fix: 'Read the rule in the detail; offer what it requires, or change the rule if it is yours and you agree.',
  },
  'below-threshold': {
    meaning:
      'Fewer participants are left than open a sum without showing one of them. Nothing was opened, and the updates stay masked.',
    fix: 'Wait until more participants are connected; the plan says how many are needed and how many may drop out.',
  },
  'budget-exhausted': {
    meaning:
      'The privacy budget is spent: one more release would go past the limit. `detail` holds spent, wouldBe, limit and unit.',
    fix: 'Stop the run, or agree on a new plan with a larger budget or more noise.',
  },
  'state-lost': {
    meaning:
      'What must be remembered between calls is missing, older than what others hold, or damaged. Going on could answer one question twice, so nothing goes on.',
    fix: 'At a participant: make sure that no other client of it runs, then: concordat participant recover. A coordinator goes on from a store that is whole.',
  },
  deadline: {
    meaning: 'No answer came within the time that was given. The other side may have done the work all the same.',
    fix: 'Try again: calls may be repeated safely. If it lasts, check the load of the coordinator and the network.',
  },
  unavailable: {
    meaning: 'Nobody answers, or whoever answers is starting, stopping or full. Nothing is wrong with the call.',
    fix: 'Try again later; check the address, the network, and whether the coordinator runs.',
  },
  internal: {
    meaning: 'A bug of Concordat, or a machine that fails under it. The other side is told nothing more than this.',
    fix: 'Report it with the correlation id and the log line that carries it; starting again is safe.',
  },
};

/** Directory of the error pages: in the repository, and in the package `concordat`. */
export const errorPages = 'docs/errors';

/** Address of a code's page, relative to the repository and to the package `concordat`. */
export function errorPageOf(code: ErrorCode): string {
  return `${errorPages}/${code}.md`;
}

export interface ErrorOptions {
  /** What was required, what was offered, whom it concerns. */
  readonly detail?: ErrorDetail;
  /** What to do, as a sentence; unless given, what the rule or the code says. */
  readonly fix?: string | undefined;
  readonly cause?: unknown;
}

/** The one error of Concordat. Every refusal says what was required, what was offered, and what to do. */
export class FederatedError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;
  /** What to do, then where the page of the code is. */
  readonly fix: string;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'FederatedError';
    this.code = code;
    this.detail = options.detail ?? {};
    this.fix = withPage(code, options.fix || fixOf(code, this.detail.rule));
  }
}

/**
 * A refusal by policy or protocol rule.
 *
 * @param rule dotted name from the closed list, e.g. `cohort.min`; it says what to do unless `facts.fix` does.
 */
export function refusal(
  rule: Rule<'refused'>,
  message: string,
  facts: { required: string | number | boolean; offered: string | number | boolean; fix?: string },
): FederatedError {
  return new FederatedError('refused', message, {
    detail: { rule, required: facts.required, offered: facts.offered },
    ...(facts.fix === undefined ? {} : { fix: facts.fix }),
  });
}

function fixOf(code: ErrorCode, rule: ErrorDetail[string] | undefined): string {
  return rulesOf(code).get(String(rule))?.fix ?? errorGuides[code].fix;
}

// An error that came over the wire, or that is made of another, has the address in its text already.
function withPage(code: ErrorCode, fix: string): string {
  const sentence = fix.replace(/ More: docs\/errors\/.*$/s, '').trim();
  return `${sentence} More: ${errorPageOf(code)} (type: concordat explain ${code}).`;
}
