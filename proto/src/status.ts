import { bounds, type ErrorCode, type ErrorDetail, errorCodes, FederatedError, printable } from '@concordat/core';

interface StatusRow {
  /** gRPC status number. */
  readonly grpc: number;
  /** 0 ok, 1 job failed or refused, 2 connection or identity, 3 deadline, 4 bad arguments, 5 our bug. */
  readonly exit: 1 | 2 | 3 | 4 | 5;
}

/** Error code ↔ gRPC status ↔ exit code: the one table. */
export const statusTable: Readonly<Record<ErrorCode, StatusRow>> = {
  'invalid-argument': { grpc: 3, exit: 4 },
  malformed: { grpc: 3, exit: 1 },
  protocol: { grpc: 9, exit: 1 },
  conflict: { grpc: 6, exit: 1 },
  verification: { grpc: 15, exit: 2 },
  unauthenticated: { grpc: 16, exit: 2 },
  permission: { grpc: 7, exit: 2 },
  refused: { grpc: 9, exit: 1 },
  'below-threshold': { grpc: 9, exit: 1 },
  'budget-exhausted': { grpc: 9, exit: 1 },
  'state-lost': { grpc: 15, exit: 1 },
  deadline: { grpc: 4, exit: 3 },
  unavailable: { grpc: 14, exit: 2 },
  internal: { grpc: 13, exit: 5 },
};

/** Of an error that says when to come back: proxies and other clients know then that nothing is down. */
const resourceExhausted = 8;

/** What a status means that came without our envelope: from gRPC itself, a proxy, or another program on that port. */
const foreignStatus: Readonly<Record<number, ErrorCode>> = {
  1: 'unavailable',
  3: 'invalid-argument',
  4: 'deadline',
  5: 'invalid-argument',
  6: 'conflict',
  7: 'permission',
  8: 'unavailable',
  9: 'protocol',
  10: 'unavailable',
  12: 'protocol',
  14: 'unavailable',
  16: 'unauthenticated',
};

/** ABORTED, of the one refusal that says: the same call, to another address. Its envelope says `unavailable`. */
const aborted = 10;

/** Trailer that carries the envelope; `-bin` makes gRPC send bytes. */
export const errorTrailer = 'concordat-error-bin';

// HTTP/2 header lists are 16 KiB by default, and base64 adds a third.
const envelopeBytesMax = 6144;
const itemsMax = 32;

/** A failure as gRPC carries it: put `details` into the status and `envelope` into the trailer `errorTrailer`. */
export interface WireError {
  readonly code: number;
  readonly details: string;
  readonly envelope: Uint8Array;
}

/** Any thrown value as a gRPC status. What is not a `FederatedError` becomes `internal` and tells nothing of itself. */
export function errorToWire(error: unknown): WireError {
  const known = error instanceof FederatedError ? error : new FederatedError('internal', 'internal error');
  const message = printable(known.message);
  const fix = printable(known.fix);
  const full = encode({ code: known.code, message, detail: known.detail, fix });
  return {
    code: statusOf(known),
    details: message,
    envelope: full.length <= envelopeBytesMax ? full : encode({ code: known.code, message, detail: {}, fix }),
  };
}

function statusOf({ code, detail }: FederatedError): number {
  if (detail.rule === 'coordinator.leader') return aborted;
  return detail.retryAfterMillis === undefined ? statusTable[code].grpc : resourceExhausted;
}

/**
 * The error behind a gRPC status. Total: whatever a peer sent, a `FederatedError` with clean, bounded text comes out.
 *
 * @param status number and text of the status; `envelope` is the first value of the trailer `errorTrailer`, if any.
 */
export function errorFromWire(
  status: { readonly code: number; readonly details: string; readonly envelope?: Uint8Array | string | undefined },
  cause?: unknown,
): FederatedError {
  const known = readEnvelope(status.envelope);
  if (known !== undefined) return new FederatedError(known.code, known.message, { ...known, cause });
  // The peer died in the middle of a call: HTTP/2 reports that as INTERNAL.
  const cut = status.code === 13 && /RST_STREAM|GOAWAY|ECONN|socket/i.test(status.details);
  const code = cut ? 'unavailable' : (foreignStatus[status.code] ?? 'internal');
  return new FederatedError(code, printable(status.details) || `gRPC status ${status.code}`, {
    detail: { grpcStatus: status.code },
    cause,
  });
}

/** 0 for success (`undefined`), else the exit code of the error; 5 for anything that is not a `FederatedError`. */
export function exitCodeOf(error?: unknown): 0 | 1 | 2 | 3 | 4 | 5 {
  if (error === undefined) return 0;
  return error instanceof FederatedError ? statusTable[error.code].exit : 5;
}

interface Envelope {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: ErrorDetail;
  readonly fix?: string;
}

function encode(envelope: Envelope): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(envelope));
}

function readEnvelope(bytes: Uint8Array | string | undefined): Envelope | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.length > envelopeBytesMax) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, message, detail, fix } = value as Record<string, unknown>;
  if (!errorCodes.includes(code as ErrorCode) || typeof message !== 'string') return undefined;
  return {
    code: code as ErrorCode,
    message: printable(message),
    detail: readDetail(detail),
    ...(typeof fix === 'string' ? { fix: printable(fix) } : {}),
  };
}

function readDetail(value: unknown): ErrorDetail {
  if (typeof value !== 'object' || value === null) return {};
  const detail: Record<string, string | number | boolean | readonly string[]> = {};
  for (const [key, item] of Object.entries(value).slice(0, itemsMax)) {
    if (key.length > bounds.idCharactersMax || key === '__proto__') continue;
    if (typeof item === 'string') detail[key] = printable(item);
    else if (typeof item === 'number' || typeof item === 'boolean') detail[key] = item;
    else if (Array.isArray(item)) {
      detail[key] = item
        .filter((text) => typeof text === 'string')
        .slice(0, bounds.cohortMax)
        .map(printable);
    }
  }
  return detail;
}
