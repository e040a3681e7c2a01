import { isIP, isIPv4 } from 'node:net';
import { FederatedError } from '@concordat/core';
import {
  beforeTls,
  type ClientTls,
  clientCredentials,
  isIn,
  parseNetworks,
  type Transport,
  tlsTransport,
} from '@concordat/node';
import { Channel } from '@grpc/grpc-js';
import { splitAddress } from './first-contact.js';
import { askToConnect } from './proxied-dial.js';

/** Variables that may name one, the first that does counts. */
const proxyVariables = ['grpc_proxy', 'https_proxy', 'http_proxy'];
/** How long a proxy may take to answer. */
const answerMillis = 10_000;

/**
 * An HTTP proxy as a setting or a variable names it.
 *
 * @param text `http://[user:password@]host[:port]`; it may hold a secret and is never quoted.
 * @throws `invalid-argument` for anything else.
 */
export function parseProxy(text: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
    decodeURIComponent(`${url.username}${url.password}`);
  } catch {
    url = undefined;
  }
  if (url?.protocol === 'http:' && url.hostname !== '') return url;
  throw new FederatedError('invalid-argument', 'the proxy is no http:// URL', {
    detail: { required: 'http://host:port' },
    fix: 'Name the proxy as in http://proxy.example.org:3128. The line through it is encrypted from end to end all the same.',
  });
}

/**
 * The proxy that the environment of a process names for a host: the first of `grpc_proxy`, `https_proxy` and `http_proxy`, unless
 * `no_grpc_proxy`, else `no_proxy`, lists the host, the end of its name, or a network that its address is in.
 *
 * @throws as {@link parseProxy}.
 */
export function proxyOfEnvironment(
  host: string,
  environment: Readonly<Record<string, string | undefined>>,
): URL | undefined {
  const text = proxyVariables.map((name) => environment[name]).find((value) => value !== undefined && value !== '');
  if (text === undefined) return undefined;
  const excepted = (environment.no_grpc_proxy || environment.no_proxy || '').split(',').map((name) => name.trim());
  return excepted.some((name) => name !== '' && isExcepted(host, name)) ? undefined : parseProxy(text);
}

function isExcepted(host: string, name: string): boolean {
  const networks = isIPv4(host) && name.includes('/') ? parseNetworks(name) : undefined;
  return networks === undefined ? host.endsWith(name) : isIn(networks, host);
}

/** Mutual TLS over TCP, through the proxy that the environment of this process names, if it names one for the address. */
export const lineTransport: Transport = {
  channel(address, tls, settings) {
    const proxy = proxyOfEnvironment(splitAddress(address).host, process.env);
    return (proxy === undefined ? directTransport : proxiedTransport(proxy)).channel(address, tls, settings);
  },
};

/** gRPC's own way through a proxy prints to the console and keeps what the proxy said to itself. */
const directTransport: Transport = {
  channel: (address, tls, settings) => tlsTransport.channel(address, tls, { ...settings, 'grpc.enable_http_proxy': 0 }),
};

/**
 * Mutual TLS through an HTTP proxy, by CONNECT. The proxy sees the address and how much is sent, and nothing else; it looks the name up.
 * What it answers instead of letting the line pass is in the error.
 *
 * @param proxy as {@link parseProxy} takes it.
 */
export function proxiedTransport(proxy: URL | string): Transport {
  const through = typeof proxy === 'string' ? parseProxy(proxy) : proxy;
  return {
    channel(address, tls: ClientTls, settings = {}) {
      const { host, port } = splitAddress(address);
      const { credentials, options } = clientCredentials(address, tls);
      const target = { host, port, millis: answerMillis };
      const isAsked = beforeTls(credentials, (socket) => {
        // What is written to a proxy that refuses leaves as well.
        tls.sockets?.watch(socket);
        return askToConnect(socket, through, target);
      });
      if (!isAsked) throw otherInternals();
      // What is dialled is the proxy; whom TLS and HTTP/2 speak to is the coordinator.
      const named = isIP(host) === 0 ? { 'grpc.ssl_target_name_override': host } : {};
      return new Channel(`dns:${through.hostname}:${through.port || 80}`, credentials, {
        ...settings,
        ...named,
        ...options,
        'grpc.enable_http_proxy': 0,
        'grpc.default_authority': address,
      });
    },
  };
}

function otherInternals(): FederatedError {
  return new FederatedError('internal', 'this version of grpc-js has other internals than the tested ones', {
    fix: 'Install the exact version of @grpc/grpc-js that this package names.',
  });
}
