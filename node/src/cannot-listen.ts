import { FederatedError } from '@concordat/core';

/** Why a port could not be opened, and what to do. */
export function cannotListen(cause: NodeJS.ErrnoException, host: string, port: number): FederatedError {
  const detail = { host, port };
  if (cause.code === 'EADDRINUSE') {
    return new FederatedError('unavailable', `port ${port} on ${host} is in use by another program`, {
      detail,
      fix: `Stop that program (find it with: ss -ltnp 'sport = :${port}'), or choose another port.`,
      cause,
    });
  }
  if (cause.code === 'EACCES') {
    return new FederatedError('permission', `not allowed to listen on port ${port} of ${host}`, {
      detail,
      fix: 'Choose a port above 1023, or give the service the right to bind this one.',
      cause,
    });
  }
  return new FederatedError(
    'invalid-argument',
    `cannot listen on ${host} port ${port} (${cause.code ?? cause.message})`,
    {
      detail,
      fix: 'Use an address of this machine: 0.0.0.0 or :: for all of them.',
      cause,
    },
  );
}
