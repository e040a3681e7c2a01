import type { Stage } from './stage.js';

/** One kind of run: what is done in it, whatever dies meanwhile. */
export interface Kind {
  readonly name: string;
  /** Durable writes, without `coordinator.`, that no other kind is sure to do. */
  readonly alone: readonly string[];
  play(stage: Stage): Promise<void>;
}
