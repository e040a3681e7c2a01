import { type ErrorCode, type ErrorDetail, FederatedError } from '@concordat/core';

/** A `FederatedError` as plain data: a structured clone keeps neither its class nor its fields. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail: ErrorDetail;
  readonly fix?: string;
}

/** Anything else than a `FederatedError` is `internal`; its message is kept, its stack is not. */
export function plainError(error: unknown): PlainError {
  if (!(error instanceof FederatedError)) {
    const message = error instanceof Error ? error.message.split('\n')[0]!.slice(0, 300) : 'unknown failure';
    return { code: 'internal', message: `the trainer failed: ${message}`, detail: {} };
  }
  const { code, message, detail, fix } = error;
  return { code, message, detail, ...(fix === undefined ? {} : { fix }) };
}

/** The error again. */
export function errorOf({ code, message, detail, fix }: PlainError): FederatedError {
  return new FederatedError(code, message, { detail, ...(fix === undefined ? {} : { fix }) });
}
