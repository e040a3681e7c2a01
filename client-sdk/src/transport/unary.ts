import { FederatedError } from '@concordat/core';
import { requireDecoded } from '@concordat/proto';
import type { CallOptions, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import { explain, isStopped, stopped } from './failures.js';

/** A unary method of a generated client, bound to it. */
export type UnaryMethod<Request, Reply> = (
  request: Request,
  options: CallOptions,
  callback: (error: ServiceError | null, reply?: Reply) => void,
) => ClientUnaryCall;

/**
 * One attempt of a unary call.
 *
 * @throws the failure as a `FederatedError`; `malformed` for a reply that does not decode; `unavailable` when the signal fired.
 */
export function callOnce<Request, Reply>(
  method: UnaryMethod<Request, Reply>,
  request: Request,
  options: { readonly address: string; readonly deadlineMillis: number; readonly signal?: AbortSignal | undefined },
): Promise<Reply> {
  const { address, deadlineMillis, signal } = options;
  return new Promise<Reply>((resolve, reject) => {
    if (isStopped(signal)) return reject(stopped(signal));
    // gRPC wants a wall-clock instant and turns it into a duration at once.
    const deadline = Date.now() + deadlineMillis;
    const cancel = () => call.cancel();
    const call = method(request, { deadline }, (error, reply) => {
      signal?.removeEventListener('abort', cancel);
      if (isStopped(signal) && error !== null) reject(stopped(signal));
      else if (error !== null) reject(explain(error, address));
      else if (reply === undefined) reject(new FederatedError('malformed', 'the coordinator sent an empty answer'));
      else resolve(reply);
    });
    signal?.addEventListener('abort', cancel, { once: true });
  }).then(requireDecoded);
}
