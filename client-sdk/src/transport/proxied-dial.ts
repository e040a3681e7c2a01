import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { FederatedError } from '@concordat/core';

/** An answer to CONNECT is a few lines. */
const answerBytesMax = 16_384;

export interface Dialled {
  readonly host: string;
  readonly port: number;
  readonly millis: number;
}

/** A TCP connection. @throws the socket's error; `deadline` after `millis`. */
export async function dial({ host, port, millis }: Dialled): Promise<Socket> {
  const socket = connectTcp({ host, port });
  socket.setTimeout(millis, () => socket.destroy(new FederatedError('deadline', `no answer in ${millis / 1000} s`)));
  await once(socket, 'connect');
  socket.setTimeout(0);
  return socket;
}

/**
 * A connection through an HTTP proxy, by CONNECT.
 *
 * @param proxy as its variable says: `http://[user:password@]host:port`. @throws as {@link dial} and {@link askToConnect}.
 */
export async function dialThrough(proxy: URL, target: Dialled): Promise<Socket> {
  const { hostname, port } = proxy;
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = await dial({ host, port: Number(port || 80), millis: target.millis });
  await askToConnect(socket, proxy, target);
  return socket;
}

/**
 * Ask the HTTP proxy at the other end of a socket for a line. What is written afterwards goes to the target.
 *
 * @throws `unavailable` `proxy.refused` when it refuses, with its status; the socket is destroyed then. `deadline` after `millis`.
 */
export async function askToConnect(socket: Socket, proxy: URL, target: Dialled): Promise<void> {
  const { username, password } = proxy;
  const host = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const authorization = username === '' ? '' : `Proxy-Authorization: Basic ${credentials}\r\n`;
  socket.setTimeout(target.millis, () => socket.destroy(new FederatedError('deadline', 'the proxy did not answer')));
  socket.write(`CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n${authorization}\r\n`);
  const answer = await headOf(socket);
  socket.setTimeout(0);
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1];
  if (status === '200') return;
  socket.destroy();
  throw proxyRefusal(status ?? 'no HTTP', host);
}

/** What a proxy says before the line is open; nothing comes behind it until the target is spoken to. */
async function headOf(socket: Socket): Promise<string> {
  let answer = '';
  const gone = new AbortController();
  const ended = Promise.race(
    ['end', 'close'].map((event) => once(socket, event, { signal: gone.signal }).then(() => [Buffer.alloc(0)])),
  );
  ended.catch(() => undefined);
  try {
    while (!answer.includes('\r\n\r\n')) {
      const data = once(socket, 'data', { signal: gone.signal });
      data.catch(() => undefined);
      const [piece] = (await Promise.race([data, ended])) as [Buffer];
      answer += piece.toString('latin1');
      if (piece.length === 0 || answer.length > answerBytesMax) break;
    }
    socket.pause();
    return answer;
  } finally {
    gone.abort();
  }
}

/**
 * What a proxy answered instead of opening a line.
 *
 * @param status of HTTP, or `no HTTP`. @param target host:port that was asked for.
 */
export function proxyRefusal(status: string, target: string, cause?: unknown): FederatedError {
  return new FederatedError('unavailable', `the proxy answers ${status}`, {
    detail: { rule: 'proxy.refused', required: `CONNECT ${target}`, offered: status, address: target },
    fix:
      status === '407'
        ? 'Give the proxy its user (proxyUser in participant.yaml, or in the variable that names the proxy), or have it let this address pass without one.'
        : `Have the proxy let CONNECT to ${target} pass.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
