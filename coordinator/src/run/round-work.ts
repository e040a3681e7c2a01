import {
  type CoordinationEffect,
  type CryptoPort,
  combineGroups,
  type DecodedSum,
  FederatedError,
  fedAvg,
  type Kernels,
  meanScale,
  openSum,
  type Plan,
  type RoundKind,
  type SpoiledGroup,
  type Strategy,
  type SumOrder,
  scaleMean,
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

type PublishOrder = Extract<CoordinationEffect, { type: 'publish' }>;

/** The sum of one group of a round, as it is ordered. */
export interface GroupOrder {
  readonly group: number;
  readonly sum: SumOrder;
}

/** What opening the sums of a round gave. */
export interface OpenedRound {
  readonly opened: Pick<DecodedSum, 'totalWeight' | 'metrics' | 'excess'>;
  /** Groups left out, where there are several; absent when none was. */
  readonly spoiled?: readonly SpoiledGroup[];
  /** SHA-256 of the packed integer sum; of several groups, SHA-256 of theirs one behind the other. */
  readonly sumHash: Uint8Array;
}

/** Keeps the packed sum of a group, which is not spoiled; it is not changed. */
export type KeepSum = (order: GroupOrder, sum: Uint8Array) => Promise<void>;

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
   * Add, unmask and check the sum of one group after the other, combine them and decode. The mean delta is kept for `publish` of the same
   * round; an evaluation has none. The sum of a group whose guards, padding or lanes are not those of so many survivors is left out.
   *
   * @param keep told of every sum that is not left out, in order, before the next is computed: memory holds one.
   * @throws `verification` when that is true of every group.
   */
  async open(
    {
      round,
      kind,
      baseModelHash,
    }: { readonly round: number; readonly kind: RoundKind; readonly baseModelHash: Uint8Array },
    orders: readonly GroupOrder[],
    keep?: KeepSum,
  ): Promise<OpenedRound> {
    const { crypto, kernels, plan } = this.#options;
    const combiner = combineGroups({ crypto, plan, kind, baseModelHash, kernels });
    const hashes: Uint8Array[] = [];
    const spoiled: SpoiledGroup[] = [];
    try {
      for (const order of orders) {
        const { group, sum } = order;
        const vector = await this.#unmask(round, sum);
        try {
          const survivors = sum.survivors.length;
          combiner.add({ lanes: openSum(sum.layout, vector, survivors, kernels), survivors });
        } catch (error) {
          if (!(error instanceof FederatedError) || error.code !== 'verification') throw error;
          spoiled.push({ group, reason: error.message });
          if (spoiled.length === orders.length) throw error;
          continue;
        }
        hashes.push(crypto.sha256(vector));
        await keep?.(order, vector);
      }
    } finally {
      for (const { sum } of orders) for (const { key } of sum.maskKeys) key.fill(0);
    }
    const { mean, ...opened } = combiner.finish();
    if (kind === 'train') this.#mean = { round, delta: mean };
    const sumHash = hashes.length === 1 ? hashes[0]! : crypto.sha256(...hashes);
    const left = spoiled.length === 0 ? {} : { spoiled };
    return { opened, ...left, sumHash };
  }

  #unmask(round: number, order: SumOrder): Promise<Uint8Array> {
    const { crypto, kernels, spool, run } = this.#options;
    const threads = isLargeSum(order) ? this.#options.threads : undefined;
    return openSpooledSum({ crypto, kernels, threads, spool, run, round, order });
  }

  /** @returns the hash of the new model, durable as a blob. */
  async publish({
    round,
    currentModelHash,
    staleness,
  }: Pick<PublishOrder, 'round' | 'currentModelHash' | 'staleness'>): Promise<Uint8Array> {
    if (this.#mean?.round !== round) throw new FederatedError('internal', `round ${round} has no mean to publish`);
    const { blobs, plan } = this.#options;
    const mean = scaleMean(this.#mean.delta, meanScale(plan, staleness));
    this.#mean = undefined;
    return writeNextModel({ blobs, shapes: plan.task.model.tensors, currentModelHash, mean, strategy: this.#strategy });
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
