import type { MetricValues, NamedTensor } from '@concordat/core';
import type { LocalRule } from './local-rule.js';

/** What trains here, and why that. */
export interface EngineDescription {
  /** Name and version, e.g. `tfjs-wasm 4.22.0`. */
  readonly engine: string;
  /** Which kernels do the work, e.g. `wasm simd, 1 thread, transposed products rewritten, missing gradients added, wrong ones replaced`. */
  readonly kernels: string;
  /** Why this engine: forced, or what kept the faster ones away. */
  readonly why: string;
  /** In a process of its own, which is given the path of the records: a policy has to allow it. */
  readonly external?: true;
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

/** A model to train, and how. */
export interface FitRequest {
  /** tfjs LayersModel topology: parsed JSON. */
  readonly model: object;
  /** Initial weights in the plan's order. Leave them as they are, and use them no more when `fit` has resolved: their memory is taken back. */
  readonly weights: readonly NamedTensor[];
  readonly task: TrainingTask;
  /** No plan names one yet. A trainer that does not apply it refuses the request as `task.rule`. */
  readonly rule?: LocalRule;
  readonly round: number;
  /** Fixes, with the round and the participant, the order of the examples. */
  readonly seed: string;
  /** Milliseconds from now after which the result is of no use, for trainers that plan ahead. The signal fires then anyhow. */
  readonly deadlineMillis?: number;
  readonly signal?: AbortSignal;
  /** To be told how far it is, as often as it is worth saying. */
  readonly onProgress?: (progress: FitProgress) => void;
}

/** How far a training is. */
export interface FitProgress {
  /** Batches done, of how many. */
  readonly step: number;
  readonly steps: number;
  /** What the trainer says of its training so far, e.g. `loss`. For the people here: it is sent nowhere. */
  readonly metrics?: MetricValues;
}

/** What a training gave. */
export interface FitResult {
  /** Names, shapes and order of the request; new arrays, finite. */
  readonly weights: readonly NamedTensor[];
  /** Examples trained on, n ≥ 1. Tells about the records: it leaves this machine only masked. */
  readonly examples: number;
}

/** A model to measure. */
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
 * `refused` `training.loss` or `update.finite` when training diverged, and `refused` `model.trainable` when nothing here trains such a model.
 */
export interface Trainer {
  /** Examples that a fit trains on, where that is known beforehand: a plan may ask for a number of them. It never leaves this machine. */
  readonly examples?: number;
  /** Which engine trains, and why: asked for at any time. */
  describe(): EngineDescription;
  /** Train the given weights on the records here. @throws `FederatedError`; anything else counts as `internal`. */
  fit(request: FitRequest): Promise<FitResult>;
  /** Measure the given weights on the records here. @throws as {@link Trainer.fit}. */
  evaluate(request: EvaluateRequest): Promise<EvaluateResult>;
  /** Frees what it holds. */
  close(): Promise<void>;
}
