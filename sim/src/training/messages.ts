import type {
  DataSet,
  EngineDescription,
  EngineName,
  LocalRule,
  PlainError,
  TrainingTask,
} from '@concordat/client-sdk/training';
import type { TensorShape } from '@concordat/core';

/** What every thread of a pool is given when it starts. Data sets lie in memory that all of them share. */
export interface PoolSetup {
  readonly topology: object;
  /** Order of flat weights. */
  readonly tensors: readonly TensorShape[];
  readonly training: DataSet;
  readonly holdout: DataSet;
  readonly engine: EngineName | undefined;
}

/** Train weights on some examples of the training set. */
export interface TrainJob {
  readonly type: 'train';
  /** [d] flat, left as they are. */
  readonly weights: Float32Array;
  readonly examples: Uint32Array;
  /** [classes] another label for each. */
  readonly relabel?: readonly number[];
  readonly task: TrainingTask;
  readonly rule?: LocalRule;
  /** Fixes the order of the examples. */
  readonly seed: string;
}

/** Measure weights on some examples of the holdout. */
export interface MeasureJob {
  readonly type: 'measure';
  readonly weights: Float32Array;
  readonly examples: Uint32Array;
  readonly loss: string;
}

export type Job = TrainJob | MeasureJob;

export type JobResult<J extends Job> = J extends TrainJob
  ? /** [d] flat, new. */ { readonly weights: Float32Array }
  : { readonly metrics: Readonly<Record<string, number>> };

/** What threads are told; `leave` behind the last job, so that none is ended within native code. */
export type PoolRequest = { readonly type: 'job'; readonly job: Job } | { readonly type: 'leave' };

export type PoolReply =
  | { readonly type: 'opened'; readonly description: EngineDescription }
  | { readonly type: 'done'; readonly result: JobResult<TrainJob> | JobResult<MeasureJob> }
  | { readonly type: 'failed'; readonly error: PlainError };
