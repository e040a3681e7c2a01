import type { Evaluator } from '../evaluator.js';

/** Where a command writes, how it ends and what it may use. The commands touch neither the process nor its streams. */
export interface CommandIo {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { readonly isTTY?: boolean | undefined; write(text: string): unknown };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Fires when the person or the system wants the command to end. */
  readonly signal: AbortSignal;
  /** Call `heard` whenever the system asks the process to read its files again; @returns stops that. */
  onHangup?(heard: () => void): () => void;
  /** Sent to the coordinator with every call, and shown with an error. */
  readonly correlationId?: string;
  /** How the command ended; 0 unless called. */
  exit(code: number): void;
  /** An evaluator over the operator's holdout; the coordinator has no training library of its own. */
  makeEvaluator?(holdoutDirectory: string): Promise<Evaluator>;
}
