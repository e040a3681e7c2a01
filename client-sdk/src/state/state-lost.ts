import { type ErrorDetail, FederatedError, type Rule } from '@concordat/core';

/**
 * The participant's state is older than what it did, or damaged.
 *
 * @param message what is proved and what the directory holds.
 */
export function stateLost(
  directory: string,
  message: string,
  detail: ErrorDetail & { readonly rule: Rule<'state-lost'> },
  cause?: unknown,
): FederatedError {
  return new FederatedError('state-lost', message, {
    detail: { directory, ...detail },
    fix: `Make sure that no other client of this participant runs, then: concordat participant recover --directory ${directory}`,
    cause,
  });
}
