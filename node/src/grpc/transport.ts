import { Channel, type ChannelInterface, type ChannelOptions } from '@grpc/grpc-js';
import { type ClientTls, clientCredentials } from './client-credentials.js';

/** One call of a channel: frames of bytes; what they mean is encoded and decoded above. */
export type ChannelCall = ReturnType<ChannelInterface['createCall']>;

/** How a client's calls reach a coordinator. The same clients, codecs and handlers work over each. */
export interface Transport {
  /**
   * A channel to `address`. Nothing is dialled before the first call.
   *
   * @param tls what the client shows and what it trusts.
   * @param settings of a gRPC channel; a transport without sockets has no use for them.
   */
  channel(address: string, tls: ClientTls, settings?: ChannelOptions): ChannelInterface;
}

/** Mutual TLS over TCP: what is used unless said. */
export const tlsTransport: Transport = {
  channel(address, tls, settings = {}) {
    const { credentials, options } = clientCredentials(address, tls);
    return new Channel(address, credentials, { ...settings, ...options });
  },
};
