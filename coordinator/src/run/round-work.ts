import {
  type CryptoPort,
  type DecodedSum,
  decodeEvaluation,
  decodeSum,
  FederatedError,
  fedAvg,
  type Kernels,
  meanInPlace,
  openSum,
  type Plan,
  type RoundKind,
  type Strategy,
  type SumOrder,
} from '@concordat/core';
import type { LaneThreads } from '@concordat/node';
import type { BlobStore } from '../store/blobs.js';
import type { Spool } from '../store/spool.js';
import { writeNextModel } from './next-model.js';
import { isLargeSum, openSpooledSum } from './open-sum.js';

export interface RoundWorkOptions {
  readonly crypto: CryptoPort;
  readonly kernels: Kernels;
  readonly threads: LaneThreads | undefined;
  readonly blobs: BlobStore;
  readonly spool: Spool;
  readonly run: string;
  readonly plan: Plan;
}

/** What opening a sum gave. */
export interface OpenedRound {
  readonly opened: Pick<DecodedSum, 'totalWeight' | 'metrics' | 'excess'>;
  /** The packed integer sum. */
  readonly sum: Uint8Array;
}

/** The long work of a run, outside its event queue: open the sum of a round, then make the next model of it. */
export class RoundWork {
  readonly #options: RoundWorkOptions;
  readonly #strategy: Strategy<undefined>;
  #mean: { readonly round: number; readonly delta: Float32Array } | undefined;

  constructor(options: RoundWorkOptions) {
    this.#options = options;
    this.#strategy = strategyOf(options.plan);
  }

  /**
   * Add, unmask, check and decode. The mean delta is kept for `publish` of the same round; an evaluation has none.
   *
   * @throws `verification` when guards, padding or lanes are not those of so many survivors.
   */
  async open(
    {
      round,
      kind,
      baseModelHash,
    }: { readonly round: number; readonly kind: RoundKind; readonly baseModelHash: Uint8Array },
    order: SumOrder,
  ): Promise<OpenedRound> {
    const { crypto, kernels, spool, run, plan } = this.#options;
    const threads = isLargeSum(order) ? this.#options.threads : undefined;
    const sum = await openSpooledSum({ crypto, kernels, threads, spool, run, round, order });
    const lanes = openSum(order.layout, sum, order.survivors.length, kernels);
    if (kind === 'evaluate') {
      const metrics = decodeEvaluation(plan, lanes, order.survivors.length);
      return { opened: { totalWeight: 0, metrics }, sum };
    }
    const survivors = order.survivors.length;
    const { mean, ...opened } = decodeSum({
      crypto,
      plan,
      baseModelHash,
      lanes,
      survivors,
      kernels,
      target: meanInPlace(plan, lanes),
    });
    this.#mean = { round, delta: mean };
    return { opened, sum };
  }

  /** @returns the hash of the new model, durable as a blob. */
  async publish(round: number, baseModelHash: Uint8Array): Promise<Uint8Array> {
    if (this.#mean?.round !== round) throw new FederatedError('internal', `round ${round} has no mean to publish`);
    const { blobs, plan } = this.#options;
    const { delta: mean } = this.#mean;
    this.#mean = undefined;
    return writeNextModel({ blobs, shapes: plan.task.model.tensors, baseModelHash, mean, strategy: this.#strategy });
  }

  forget(round: number): void {
    if (this.#mean !== undefined && this.#mean.round <= round) this.#mean = undefined;
  }
}

function strategyOf(plan: Plan): Strategy<undefined> {
  switch (plan.strategy.name) {
    case 'fedavg':
      return fedAvg;
  }
}
