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

export interface ErrorOptions {
  /** What was required, what was offered, whom it concerns. */
  readonly detail?: ErrorDetail;
  /** What to do, as a sentence. */
  readonly fix?: string;
  readonly cause?: unknown;
}

/** The one error of Concordat. Every refusal says what was required, what was offered, and what to do. */
export class FederatedError extends Error {
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;
  readonly fix: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'FederatedError';
    this.code = code;
    this.detail = options.detail ?? {};
    this.fix = options.fix;
  }
}

/**
 * A refusal by policy or protocol rule.
 *
 * @param rule dotted name of the rule, e.g. `cohort.min`.
 */
export function refusal(
  rule: string,
  message: string,
  facts: { required: string | number | boolean; offered: string | number | boolean; fix?: string },
): FederatedError {
  return new FederatedError('refused', message, {
    detail: { rule, required: facts.required, offered: facts.offered },
    ...(facts.fix === undefined ? {} : { fix: facts.fix }),
  });
}
