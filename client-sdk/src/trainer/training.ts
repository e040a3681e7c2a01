import type { NamedTensor } from '@concordat/core';
import type { LoadedModel } from './layers-model.js';
import type { LocalRule } from './local-rule.js';
import type { EngineDescription, TrainingTask } from './trainer.js';

/** A model about to be trained. */
export interface TrainingStart {
  readonly model: LoadedModel;
  /** Fit the model. Left as they are. */
  readonly weights: readonly NamedTensor[];
  readonly task: Pick<TrainingTask, 'loss' | 'optimizer'>;
  /** Fixes, with the step, what layers draw. */
  readonly seed: string;
  /** One for the model; none leaves gradients as they are. */
  readonly rule?: LocalRule;
}

/** Examples of some steps, as many in each. */
export interface Batches {
  /** How many steps, one after another; ≥ 1. */
  readonly steps: number;
  /** How many in each; the last step of a pass may have fewer than the others. */
  readonly examples: number;
  /** [steps, examples, …the model's input] float32. */
  readonly inputs: Float32Array;
  /** [steps, examples, …the model's output] float32. */
  readonly targets: Float32Array;
}

/** Weights and optimizer of one local training, wherever the engine keeps them. */
export interface Training {
  /** What computes the steps, and why that: not every engine of the ladder can train every model. */
  readonly description: EngineDescription;
  /** How many steps are best given at once, as things are now; ≥ 1. How many are given changes no weight. */
  readonly stepsAtOnce: number;
  /** One call after another. @returns [steps]: the mean loss of each step's batch before it. */
  step(batches: Batches): Promise<Float32Array>;
  /** Weights as they are now: new arrays in the order they were given in. */
  weights(): NamedTensor[];
  dispose(): void;
}
