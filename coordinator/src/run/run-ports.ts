import type {
  CoordinationPorts,
  CoordinationRecord,
  CoordinatorMessage,
  Kernels,
  Plan,
  RosterView,
} from '@concordat/core';
import type { Clock, LaneThreads } from '@concordat/node';
import type { Logger } from 'pino';
import type { Evaluator } from '../evaluator.js';
import type { Store } from '../store/store.js';
import type { Progress, ProgressEvent } from './progress.js';
import type { ResultDesk } from './results.js';
import type { Traffic } from './traffic.js';

/** What a run needs of the coordinator around it. */
export interface RunPorts extends CoordinationPorts {
  readonly store: Store;
  readonly traffic: Traffic;
  readonly results: ResultDesk;
  readonly log: Logger;
  readonly evaluator?: Evaluator | undefined;
  /** Hears every event of its progress. */
  readonly observe?: ((event: ProgressEvent) => void) | undefined;
  readonly kernels: Kernels;
  /** For large sums. */
  readonly threads: LaneThreads | undefined;
  readonly clock: Clock;
  /** Milliseconds since 1970, for the records people read. */
  readonly wallMillis: () => number;
  /** To a participant that may be gone: then nothing happens. */
  readonly send: (to: string, runId: string, message: CoordinatorMessage) => void;
}

export interface RunOptions {
  readonly runId: string;
  readonly plan: Plan;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
  readonly roster: RosterView;
  /** Of an earlier process: what it wrote, and when the run was started. */
  readonly earlier?: { readonly records: readonly CoordinationRecord[]; readonly startedMillis: number };
  /** Where it is watched, when it is gone on with in the process that it halted in. */
  readonly progress?: Progress | undefined;
}
