import type { CryptoPort } from '../crypto/port.js';
import type { Kernels } from '../kernels/port.js';
import { addKeystreams, addVector } from '../secagg/masking.js';
import { openSum } from '../secagg/opening.js';
import { combineGroups } from '../update/combine.js';
import type { DecodedSum } from '../update/decode.js';
import type { CoordinationEffect } from './coordination/contract.js';
import type { Plan } from './plan.js';

type OpenSum = Extract<CoordinationEffect, { readonly type: 'open-sum' }>;

/** The sum of one group, opened. */
export interface OpenedGroup {
  /** From 0. */
  readonly group: number;
  readonly survivors: readonly string[];
  /** [layout.lengthBytes] unmasked and packed. */
  readonly sum: Uint8Array;
  /** Payload lanes for each segment of the round, centred. */
  readonly lanes: readonly Int32Array[];
}

/**
 * Do what `open-sum` orders where all vectors are in memory: of a simulation, or of a coordinator for tests. The production runner does the
 * same piece by piece from its spool.
 *
 * @param options.vectorOf the masked vector of a signed upload header, by the digest of that.
 * @param options.onOpened told of each group before its lanes are combined, which changes them in place.
 * @throws as `openSum` and `combineGroups`: the round has failed.
 */
export function openSums(
  { kind, baseModelHash, sums }: OpenSum,
  options: {
    readonly crypto: CryptoPort;
    readonly plan: Plan;
    readonly kernels?: Kernels;
    readonly vectorOf: (contentDigest: Uint8Array) => Uint8Array;
    readonly onOpened?: (opened: OpenedGroup) => void;
  },
): DecodedSum {
  const { crypto, plan, kernels, vectorOf, onOpened } = options;
  const combiner = combineGroups({ crypto, plan, kind, baseModelHash, ...(kernels && { kernels }) });
  for (const { group, sum } of sums) {
    const { layout, maskKeys } = sum;
    const vector = new Uint8Array(layout.lengthBytes);
    for (const { contentDigest } of sum.survivors) addVector(layout, vector, vectorOf(contentDigest), 0, kernels);
    addKeystreams(crypto, layout, vector, maskKeys, { ...(kernels && { kernels }) });
    const survivors = sum.survivors.map(({ participant }) => participant);
    const lanes = openSum(layout, vector, survivors.length, kernels);
    onOpened?.({ group, survivors, sum: vector, lanes });
    combiner.add({ lanes, survivors: survivors.length });
  }
  return combiner.finish();
}
