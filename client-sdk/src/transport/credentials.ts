import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { FederatedError } from '@concordat/core';
import { channelSettings } from '@concordat/node';
import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';

/** PEM. Certificate and key are absent before enrolment; the key is secret. */
export interface TlsMaterial {
  readonly authorityPem: string;
  readonly certificatePem?: string;
  readonly privateKeyPem?: string;
}

/** host and port of `host:port` or `[v6]:port`. @throws `invalid-argument`. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65_535) {
    throw new FederatedError('invalid-argument', 'the address is not host:port', {
      detail: { offered: address.slice(0, 80) },
    });
  }
  return { host: (match[1] ?? match[2])!, port };
}

/** Credentials and settings for a channel whose server must have a certificate of the authority for this very host. */
export function secureChannel(
  address: string,
  material: TlsMaterial,
): { readonly credentials: ChannelCredentials; readonly options: ChannelOptions } {
  const { host } = splitAddress(address);
  const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
  const secure = credentials.createSsl(
    pem(material.authorityPem),
    pem(material.privateKeyPem),
    pem(material.certificatePem),
    { checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate) },
  );
  // grpc-js would send an IP address as server name, which RFC 6066 forbids and Node warns about on stderr.
  const options: ChannelOptions =
    isIP(host) === 0 ? channelSettings : { ...channelSettings, 'grpc.ssl_target_name_override': 'coordinator' };
  return { credentials: secure, options };
}
