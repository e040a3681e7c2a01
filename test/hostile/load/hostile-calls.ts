import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { dial, type Target } from './raw-http2.js';

const statusNames = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'],
  ...['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
];

/** @param options of `http2.connect`. */
export async function open(
  target: Target,
  from: string,
  options: Parameters<typeof connect>[1] = {},
): Promise<ClientHttp2Session> {
  const socket = await dial(target, from);
  const session = connect(`https://127.0.0.1:${target.port}`, { ...options, createConnection: () => socket });
  session.on('error', () => undefined);
  return session;
}

/** A message in gRPC's frame. @param announced length that the frame says, if another. */
export function message(bytes: Uint8Array, { compressed = false, announced = bytes.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(announced, 1);
  return Buffer.concat([head, bytes]);
}

export function request(session: ClientHttp2Session, path: string, more: Readonly<Record<string, string>> = {}) {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...more,
  });
  stream.on('error', () => undefined);
  return stream;
}

/** One call with one body. @returns the status it ended with, by name, or how else. */
export function call(
  session: ClientHttp2Session,
  path: string,
  body: Uint8Array,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve) => {
    if (session.destroyed || session.closed) return resolve('the connection was ended');
    const stream = request(session, path, more);
    const timer = setTimeout(() => {
      resolve('no answer within 20 s');
      stream.close(constants.NGHTTP2_CANCEL);
    }, 20_000);
    let status: string | undefined;
    const note = (headers: Readonly<Record<string, unknown>>) => {
      const code = headers['grpc-status'];
      if (code !== undefined) status = statusNames[Number(code)] ?? String(code);
    };
    stream.on('response', note).on('trailers', note).resume();
    stream.on('close', () => {
      clearTimeout(timer);
      resolve(status ?? (session.destroyed ? 'the connection was ended' : `reset ${stream.rstCode}`));
    });
    stream.end(body);
  });
}

/** "3 × OK, 2 × RESOURCE_EXHAUSTED", the most frequent first. */
export function tally(answers: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([answer, count]) => (count === 1 ? answer : `${count} × ${answer}`))
    .join(', ');
}
