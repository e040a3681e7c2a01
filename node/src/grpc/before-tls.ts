import type { Socket } from 'node:net';
import type { ChannelCredentials } from '@grpc/grpc-js';

interface Connector {
  connect(socket: Socket): Promise<unknown>;
}

interface CredentialsInternals {
  _createSecureConnector(...args: unknown[]): Connector;
}

/**
 * Have every socket that a channel dials handed over before TLS begins on it, and waited for. grpc-js has no public way to it: its
 * credentials are handed each socket that was dialled. What is asked for last comes first.
 *
 * @returns false when this version has other internals; then nothing is handed over.
 */
export function beforeTls(credentials: ChannelCredentials, take: (socket: Socket) => Promise<void> | void): boolean {
  const internals = credentials as unknown as Partial<CredentialsInternals>;
  const create = internals._createSecureConnector;
  if (typeof create !== 'function') return false;
  internals._createSecureConnector = (...args) => {
    const connector = create.apply(internals as CredentialsInternals, args);
    const { connect } = connector;
    connector.connect = async (socket) => {
      await take(socket);
      return connect.call(connector, socket);
    };
    return connector;
  };
  return true;
}
