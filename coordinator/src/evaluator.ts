/** One published model, as bytes. */
export interface PublishedModel {
  readonly modelVersion: number;
  /** tfjs LayersModel topology, canonical JSON. */
  readonly topology: Uint8Array;
  /** Safetensors, float32. */
  readonly weights: Uint8Array;
}

/**
 * Measures published models on the operator's holdout. The coordinator imports no training library: whoever starts it
 * passes an evaluator, which should do its work in a worker. It runs beside the rounds and never delays publishing.
 */
export interface Evaluator {
  /** @returns named metrics; `accuracy` (0 … 1) and `loss` where they make sense. */
  evaluate(model: PublishedModel): Promise<Readonly<Record<string, number>>>;
  /** Called once when the coordinator stops. */
  close?(): Promise<void>;
}
