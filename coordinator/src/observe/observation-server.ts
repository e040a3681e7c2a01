import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cannotListen } from '@concordat/node';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.js';

export interface ObservationServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: Pick<Metrics, 'text'>;
  readonly log: Logger;
  /** Why nothing can be done for participants now; undefined while it can. */
  readonly unready: () => string | undefined;
}

export interface ObservationServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A scraper and a few probes; whoever else comes must wait. */
const connectionsMax = 16;
const requestMillis = 10_000;
const headerBytesMax = 4_096;

/**
 * Plain HTTP for machines of the operator's own: `/metrics` for Prometheus, `/healthz` while the process lives, `/readyz` while it can
 * serve participants. It knows no caller, answers nothing else, and reads no body.
 *
 * @throws `unavailable` when the port is in use; `permission`; `invalid-argument` when the address is none of this machine.
 */
export async function openObservationServer(options: ObservationServerOptions): Promise<ObservationServer> {
  const limits = { maxHeaderSize: headerBytesMax, requestTimeout: requestMillis, headersTimeout: requestMillis };
  const server = createServer(limits, (request, response) =>
    answer(options, request, response).catch((cause: Error) => {
      options.log.error({ err: cause, url: request.url }, 'a scrape could not be answered');
      response.destroy();
    }),
  );
  server.maxConnections = connectionsMax;
  server.maxRequestsPerSocket = 1_000;
  await listen(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  { metrics, unready }: ObservationServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A body that nobody reads is not taken: the connection ends with the answer.
  response.shouldKeepAlive =
    request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    reply(response, 405, 'only GET is answered here\n', { allow: 'GET, HEAD' });
    return;
  }
  switch (request.url?.split('?', 1)[0]) {
    case '/metrics': {
      const { type, body } = await metrics.text();
      reply(response, 200, body, { 'content-type': type });
      return;
    }
    case '/healthz':
      reply(response, 200, 'alive\n');
      return;
    case '/readyz': {
      const why = unready();
      reply(response, why === undefined ? 200 : 503, `${why ?? 'ready'}\n`);
      return;
    }
    default:
      reply(response, 404, 'there are /metrics, /healthz and /readyz\n');
  }
}

function reply(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function listen(server: Server, { host, port }: ObservationServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen(cause, host, port)));
    server.listen(port, host, resolve);
  });
}
