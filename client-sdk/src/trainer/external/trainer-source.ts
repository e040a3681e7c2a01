import type { ConnectedTrainer } from './connected-trainer.js';
import type { TrainerName } from './trainer-failures.js';

/** Where trainers come from: launched here, or attaching by themselves. */
export interface TrainerSource {
  readonly trainer: TrainerName;
  /** How it comes, for people, as in `launched`. */
  readonly how: string;
  /** Whether a trainer that is gone comes back by our doing, after a pause, or by its own. */
  readonly launches: boolean;
  /**
   * The next trainer that says hello.
   *
   * @throws why this attempt failed; the signal's reason.
   */
  next(signal: AbortSignal): Promise<ConnectedTrainer>;
  /** Ends what it started, and resolves when that is gone. */
  close(): Promise<void>;
}
