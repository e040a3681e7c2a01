import { type ErrorCode, type ErrorDetail, FederatedError, type NamedTensor } from '@concordat/core';
import type { DataSet } from '../data/data-set.js';
import type { EngineName } from './engine-names.js';
import type { EngineDescription, EvaluateResult, FitProgress, FitResult, TrainingTask } from './trainer.js';

/** Where the worker finds the records: a directory it reads itself, or arrays that are copied to it. */
export type DataSource = { readonly directory: string } | { readonly dataSet: DataSet };

/** What a worker is started with. */
export interface WorkerSetup {
  readonly data: DataSource;
  readonly participant: string;
  readonly holdoutFraction: number;
  readonly engine?: EngineName;
}

/** `stop[0]` becomes 1 when the caller has lost interest; read between batches. */
export type WorkerRequest = { readonly id: number; readonly stop: Int32Array } & (
  | {
      readonly type: 'fit';
      readonly model: object;
      readonly weights: readonly NamedTensor[];
      readonly task: TrainingTask;
      readonly round: number;
      readonly seed: string;
    }
  | {
      readonly type: 'evaluate';
      readonly model: object;
      readonly weights: readonly NamedTensor[];
      readonly loss: string;
    }
);

export type WorkerReply =
  | { readonly type: 'opened'; readonly description: EngineDescription }
  | { readonly type: 'progress'; readonly id: number; readonly progress: FitProgress }
  /** `result` is undefined when the request was stopped. */
  | { readonly type: 'done'; readonly id: number; readonly result: FitResult | EvaluateResult | undefined }
  /** Without an id: the worker cannot open. */
  | { readonly type: 'failed'; readonly id?: number; readonly error: PlainError };

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
