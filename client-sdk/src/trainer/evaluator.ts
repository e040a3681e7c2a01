import { decodeSafetensors, FederatedError, utf8Decode } from '@concordat/core';
import type { EngineName } from './engine-names.js';
import type { EngineDescription } from './trainer.js';
import { createTrainer } from './worker-trainer.js';

/** Measures models on a directory of records that nobody trains on: the operator's holdout. */
export interface HoldoutEvaluator {
  /** Which engine measures, and why. */
  describe(): EngineDescription;
  /**
   * @param model.topology tfjs LayersModel topology, JSON. @param model.weights safetensors, float32.
   * @returns `loss` and, for classes, `accuracy` (0 … 1).
   */
  evaluate(model: {
    readonly topology: Uint8Array;
    readonly weights: Uint8Array;
  }): Promise<Readonly<Record<string, number>>>;
  /** Let go of the engine. */
  close(): Promise<void>;
}

/**
 * An evaluator over all records of a directory, in a worker.
 *
 * @param options.loss as a plan names it; `categoricalCrossentropy` unless said.
 * @throws as {@link createTrainer}.
 */
export async function createEvaluator(options: {
  readonly directory: string;
  readonly loss?: string;
  readonly engine?: EngineName;
}): Promise<HoldoutEvaluator> {
  const trainer = await createTrainer({
    data: { directory: options.directory },
    participant: 'holdout',
    holdoutFraction: 1,
    ...(options.engine === undefined ? {} : { engine: options.engine }),
  });
  const loss = options.loss ?? 'categoricalCrossentropy';
  return {
    describe: () => trainer.describe(),
    close: () => trainer.close(),
    async evaluate(model) {
      const weights = decodeSafetensors(model.weights);
      const { metrics } = await trainer.evaluate({ model: parseTopology(model.topology), weights, loss });
      return metrics;
    },
  };
}

/** @throws `malformed` unless the bytes are a JSON object. */
export function parseTopology(bytes: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(bytes));
  } catch (cause) {
    throw new FederatedError('malformed', 'the model topology is not JSON', { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new FederatedError('malformed', 'the model topology is not a JSON object');
}
