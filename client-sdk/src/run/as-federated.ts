import { FederatedError } from '@concordat/core';

/** Whatever was thrown, as an error of ours: what is not is a bug, told by its first line. */
export function asFederated(error: unknown): FederatedError {
  if (error instanceof FederatedError) return error;
  const message = error instanceof Error ? error.message.split('\n')[0]!.slice(0, 300) : 'unknown failure';
  return new FederatedError('internal', message, { cause: error });
}
