import type { MetricValues, NamedTensor } from '@concordat/core';

/** What trains here, and why that. */
export interface EngineDescription {
  /** Name and version, e.g. `tfjs-wasm 4.22.0`. */
  readonly engine: string;
  /** Which kernels do the work, e.g. `wasm simd, 1 thread, transposed products rewritten`. */
  readonly kernels: string;
  /** Why this engine: forced, or what kept the faster ones away. */
  readonly why: string;
}

/** Local training as the plan words it. Exactly one of `epochs` and `steps`. */
export interface TrainingTask {
  /** `categoricalCrossentropy`, `sparseCategoricalCrossentropy`, `binaryCrossentropy` or `meanSquaredError`. */
  readonly loss: string;
  /** `sgd`, `momentum` or `adam`. */
  readonly optimizer: { readonly name: string; readonly learningRate: number };
  readonly batchSize: number;
  /** Passes over the training examples. */
  readonly epochs?: number;
  /** Batches. */
  readonly steps?: number;
}

export interface FitRequest {
  /** tfjs LayersModel topology: parsed JSON. */
  readonly model: object;
  /** Initial weights in the plan's order; not changed. */
  readonly weights: readonly NamedTensor[];
  readonly task: TrainingTask;
  readonly round: number;
  /** Fixes, with the round and the participant, the order of the examples. */
  readonly seed: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FitProgress) => void;
}

export interface FitProgress {
  /** Batches done, of how many. */
  readonly step: number;
  readonly steps: number;
}

export interface FitResult {
  /** Names, shapes and order of the request; new arrays, finite. */
  readonly weights: readonly NamedTensor[];
  /** Examples trained on, n ≥ 1. Tells about the records: it leaves this machine only masked. */
  readonly examples: number;
}

export interface EvaluateRequest {
  readonly model: object;
  readonly weights: readonly NamedTensor[];
  readonly loss: string;
  readonly signal?: AbortSignal;
}

/** Measured on the examples that are never trained on. */
export interface EvaluateResult {
  /** `loss`, and `accuracy` (0 … 1) where targets are classes. Empty without a holdout. */
  readonly metrics: MetricValues;
  readonly examples: number;
}

/**
 * Trains and measures on one participant's records. The only part that touches records, and the only part that varies
 * between engines; an embedding program may bring its own.
 *
 * Every method rejects with the signal's reason when aborted, `refused` `model.…` when topology and weights do not fit,
 * and `refused` `update.finite` when training diverged.
 */
export interface Trainer {
  describe(): EngineDescription;
  fit(request: FitRequest): Promise<FitResult>;
  evaluate(request: EvaluateRequest): Promise<EvaluateResult>;
  /** Frees what it holds. */
  close(): Promise<void>;
}
