import type { MessagePort } from 'node:worker_threads';
import type { DataSchema, NamedTensor } from '@concordat/core';
import type { DataSet } from '../data/data-set.js';
import type { DataDeclaration } from '../data/declaration.js';
import type { Records } from '../data/records.js';
import type { EngineName } from './engine-names.js';
import type { LocalRule } from './local-rule.js';
import type { NativeGate } from './native-gate.js';
import type { PlainError } from './plain-error.js';
import type { EngineDescription, EvaluateResult, FitProgress, FitResult, TrainingTask } from './trainer.js';

/**
 * Where the worker finds the records: a directory or declared files that it reads itself, arrays that are copied to it, or records of the
 * program, of which it asks for a batch at a time where they have a shuffle window.
 */
export type DataSource =
  | { readonly directory: string }
  | { readonly declaration: DataDeclaration }
  | { readonly records: Records }
  | { readonly dataSet: DataSet };

/** Records that another thread serves. */
export interface ServedRecords {
  readonly port: MessagePort;
  readonly schema: DataSchema;
  readonly memoryBytesMax: number;
  readonly shuffleWindow: number;
}

/** What a worker is started with. */
export interface WorkerSetup {
  readonly data: Exclude<DataSource, { readonly records: Records }> | { readonly served: ServedRecords };
  readonly participant: string;
  readonly holdoutFraction: number;
  readonly engine?: EngineName;
  /** Shut before the thread is ended. */
  readonly gate: NativeGate;
  /** See `TrainerOptions`. */
  readonly nice?: number;
}

/** `stop[0]` becomes 1 when the caller has lost interest; read between batches. */
export type WorkerRequest = { readonly id: number; readonly stop: Int32Array } & (
  | {
      readonly type: 'fit';
      readonly model: object;
      readonly weights: readonly NamedTensor[];
      readonly task: TrainingTask;
      readonly rule?: LocalRule;
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
  /** `examples`: what is trained on, the holdout left out. */
  | { readonly type: 'opened'; readonly description: EngineDescription; readonly examples: number }
  /** What trains the model of the request under way. */
  | { readonly type: 'engine'; readonly description: EngineDescription }
  | { readonly type: 'progress'; readonly id: number; readonly progress: FitProgress }
  /** `result` is undefined when the request was stopped. */
  | { readonly type: 'done'; readonly id: number; readonly result: FitResult | EvaluateResult | undefined }
  /** Without an id: the worker cannot open. */
  | { readonly type: 'failed'; readonly id?: number; readonly error: PlainError };
