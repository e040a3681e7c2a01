import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials, Metadata } from '@grpc/grpc-js';
import { beforeTls } from './before-tls.js';
import type { SocketBytes } from './socket-bytes.js';

/** A client's side of mutual TLS, PEM. The key is secret. */
export interface ClientTls {
  readonly authorityPem: string;
  readonly certificatePem?: string;
  readonly privateKeyPem?: string;
  /** Sent as metadata with every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Counts what leaves by the channel's sockets. */
  readonly sockets?: SocketBytes | undefined;
}

/** What a channel to `address` is opened with: add `options` to the channel's own. */
export interface ClientCredentials {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

/**
 * Channel credentials that check the server against the consortium's TLS authority and the address that was dialled.
 *
 * grpc-js sends the host as the TLS server name, also when it is an IP address, which RFC 6066 §3 forbids and Node warns of.
 * For an IP address a fixed name is sent instead and the certificate is still checked for that address.
 *
 * @param address host:port, with [brackets] around an IPv6 address.
 */
export function clientCredentials(address: string, tls: ClientTls): ClientCredentials {
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const byAddress = isIP(host) !== 0;
  const channel = credentials.createSsl(
    pem(tls.authorityPem),
    pem(tls.privateKeyPem),
    pem(tls.certificatePem),
    byAddress ? { checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate) } : {},
  );
  const { sockets } = tls;
  if (sockets !== undefined) beforeTls(channel, (socket) => sockets.watch(socket));
  return {
    credentials: withHeaders(channel, tls.headers ?? {}),
    options: byAddress ? { 'grpc.ssl_target_name_override': 'coordinator' } : {},
  };
}

function withHeaders(channel: ChannelCredentials, headers: Readonly<Record<string, string>>): ChannelCredentials {
  if (Object.keys(headers).length === 0) return channel;
  const everyCall = credentials.createFromMetadataGenerator((_call, done) => {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    done(null, metadata);
  });
  return credentials.combineChannelCredentials(channel, everyCall);
}
