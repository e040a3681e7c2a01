import { FederatedError } from '@concordat/core';
import { errorFromWire, errorTrailer } from '@concordat/proto';
import type { ServiceError } from '@grpc/grpc-js';

/** What a failed call means; bounded, clean text whatever the peer sent. */
export function callError(error: unknown, address: string): FederatedError {
  if (error instanceof FederatedError) return error;
  const { code, details, metadata } = error as Partial<ServiceError>;
  if (typeof code !== 'number') {
    return new FederatedError('internal', 'a call failed without a status', { cause: error });
  }
  const envelope = metadata?.get(errorTrailer)[0];
  const known = errorFromWire({ code, details: details ?? '', envelope }, error);
  if (envelope !== undefined || known.code !== 'unavailable') return known;
  return new FederatedError('unavailable', `no coordinator answers at ${address}`, {
    detail: { address },
    fix: 'Nothing to do here if it is only away: the client goes on by itself. Else check address, network and certificate.',
    cause: error,
  });
}
