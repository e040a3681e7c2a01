import type { NamedTensor } from '@concordat/core';
import type { LoadedModel } from './layers-model.js';
import type { EngineDescription, TrainingTask } from './trainer.js';

/** A model about to be trained. */
export interface TrainingStart {
  readonly model: LoadedModel;
  /** Fit the model. Left as they are. */
  readonly weights: readonly NamedTensor[];
  readonly task: Pick<TrainingTask, 'loss' | 'optimizer'>;
  /** Fixes, with the step, what layers draw. */
  readonly seed: string;
}

/** Examples of one step. */
export interface Batch {
  /** How many; the last of a pass may have fewer than the others. */
  readonly examples: number;
  /** [examples, …the model's input] float32. */
  readonly inputs: Float32Array;
  /** [examples, …the model's output] float32. */
  readonly targets: Float32Array;
}

/** Weights and optimizer of one local training, wherever the engine keeps them. */
export interface Training {
  /** What computes the steps, and why that: not every engine of the ladder can train every model. */
  readonly description: EngineDescription;
  /** One after another. @returns the mean loss of the batch before the step. */
  step(batch: Batch): Promise<number>;
  /** Weights as they are now: new arrays in the order they were given in. */
  weights(): NamedTensor[];
  dispose(): void;
}
