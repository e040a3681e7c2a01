import { bounds, FederatedError } from '@concordat/core';
import { errorFromWire, errorTrailer } from '@concordat/proto';
import type { ServiceError } from '@grpc/grpc-js';
import { proxyRefusal } from './proxied-dial.js';

// What OpenSSL and Node say when the server's certificate is not of the pinned authority, or not for this name.
const foreignCertificate =
  /self[- ]signed certificate|unable to (get|verify)[a-z ]*certificate|certificate (signature failure|has expired)|altnames|CERT_|issuer certificate/i;

// What grpc-js says of what it received and did not take, as `resource exhausted`.
const tooLong = /^Received message (that decompresses to a size )?larger than/;

// grpc-js throws it of a call on a channel that was closed: between two calls of one attempt a certificate was replaced, or an attempt
// that hung was given up. The next attempt has the new channel.
const closedChannel = 'Channel has been shut down';

// What {@link proxyRefusal} says, once gRPC has made a status of it.
const proxyAnswer = /the proxy answers (\d{3}|no HTTP)/;

/** Any failure of a call to `address` as a `FederatedError`. */
export function explain(error: unknown, address: string): FederatedError {
  if (error instanceof FederatedError) return error;
  if (isOfClosedChannel(error)) {
    return new FederatedError('unavailable', `the line to the coordinator at ${address} was opened anew`, {
      detail: { address },
      cause: error,
    });
  }
  if (!isServiceError(error))
    return new FederatedError('internal', 'a call failed in an unexpected way', { cause: error });
  const envelope = error.metadata?.get(errorTrailer)[0];
  if (envelope === undefined && /certificate has expired|CERT_HAS_EXPIRED/i.test(error.details))
    return expired(error, address);
  if (envelope === undefined && /certificate is not yet valid|CERT_NOT_YET_VALID/i.test(error.details))
    return notYetValid(error, address);
  if (envelope === undefined && foreignCertificate.test(error.details)) return foreign(error, address);
  if (envelope === undefined && tooLong.test(error.details)) return oversized(error, address);
  const refused = envelope === undefined ? proxyAnswer.exec(error.details)?.[1] : undefined;
  if (refused !== undefined) return proxyRefusal(refused, address, error);
  const known = errorFromWire({ code: error.code, details: error.details, envelope }, error);
  if (envelope !== undefined) return known;
  if (known.code === 'unavailable') {
    return new FederatedError('unavailable', `no coordinator answers at ${address}`, {
      detail: { address, status: error.code, reason: error.details.slice(0, 300) },
      fix: 'Check the address, the network and outbound firewall rules; the operator can say whether the coordinator runs.',
      cause: error,
    });
  }
  if (known.code === 'deadline') {
    return new FederatedError('deadline', `the coordinator at ${address} did not answer in time`, {
      detail: { address },
      fix: 'Try again; if it happens often, look at the network and at the coordinator.',
      cause: error,
    });
  }
  return known;
}

/** Whether a call was never made, because its channel was closed before. */
export function isOfClosedChannel(error: unknown): boolean {
  return error instanceof Error && error.message === closedChannel;
}

function oversized(error: ServiceError, address: string): FederatedError {
  return new FederatedError('malformed', `the coordinator at ${address} sent a message that is too long`, {
    detail: { address, required: bounds.messageBytesMax, reason: error.details.slice(0, 300) },
    cause: error,
  });
}

// No word against the server: it is the right one, and becomes usable by itself when its operator renews.
function expired(error: ServiceError, address: string): FederatedError {
  return new FederatedError('unavailable', `the certificate of the coordinator at ${address} has expired`, {
    detail: { rule: 'certificate.expired', address },
    cause: error,
  });
}

function notYetValid(error: ServiceError, address: string): FederatedError {
  return new FederatedError('unavailable', `the certificate of the coordinator at ${address} is not valid yet`, {
    detail: { rule: 'certificate.not-yet-valid', address },
    cause: error,
  });
}

function foreign(error: ServiceError, address: string): FederatedError {
  return new FederatedError('verification', `the server at ${address} has no certificate of the pinned TLS authority`, {
    detail: { rule: 'authority.fingerprint', address, reason: error.details.slice(0, 300) },
    fix: 'Check the address. If it is right, a proxy opens the connection or somebody else answers: ask the operator.',
    cause: error,
  });
}

/** Whether a repetition may cure it: unavailable, timed out, busy or a changed leader. Everything else is an answer. */
export function isTransient(error: FederatedError): boolean {
  return error.code === 'unavailable' || error.code === 'deadline';
}

/** Whether the caller wants no more. A function, since the answer changes while a call is under way. */
export function isStopped(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** The caller's own stop. */
export function stopped(signal: AbortSignal | undefined): FederatedError {
  return new FederatedError('unavailable', 'stopped by the caller', { cause: signal?.reason });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

/** Whether no coordinator said this: the line did not come about, or broke. */
export function nobodyAnswered(failure: FederatedError): boolean {
  return failure.code === 'unavailable' && failure.detail.address !== undefined;
}
