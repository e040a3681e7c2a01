import {
  type AggregateBody,
  blankSum,
  combineGroups,
  decodeSafetensors,
  encodeSafetensors,
  fedAvg,
  type Layout,
  openSum,
  packLanes,
  type RoundSum,
  type ServedChunk,
  signAggregate,
  vectorRoot,
  weightUnit,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { type ShownResult, sessionCodec } from '@concordat/proto';
import { chunksOf } from '../support/opened-session.js';
import { modelOf } from './consortium.js';
import { unitsOf } from './exact-trainer.js';
import type { Stage } from './stage.js';
import type { World } from './world.js';

/** What the coordinator does with the sums of a round instead of being honest. */
export interface SumLies {
  /** The own group's sum that it signs, serves and makes the model of. */
  readonly own?: (sum: Uint8Array) => Uint8Array;
  /** The same of the other group's. */
  readonly other?: (sum: Uint8Array) => Uint8Array;
  /** What it serves of the other group's sum instead of what it signed. */
  readonly served?: (sum: Uint8Array) => Uint8Array;
  /** The sums of which it makes the model instead of those it signed. */
  readonly modelOf?: (sums: readonly Uint8Array[]) => readonly Uint8Array[];
  /** What it signs instead of the sums there are. */
  readonly aggregate?: (sums: readonly RoundSum[]) => readonly RoundSum[];
}

/** Survivors of a group that is nowhere: a member of the first cannot tell, and need not. */
const elsewhere = ['foxtrot', 'golf', 'hotel', 'india'];

/** The sums of a round of two groups as a coordinator shows them: of the group that was played, and of one that it makes up. */
export class ShownSums {
  readonly modelHash: Uint8Array;
  readonly #world: World;
  readonly #sums: readonly Uint8Array[];
  readonly #aggregate: ShownResult['aggregate'];
  readonly #groups: number;
  readonly #servedOther: Uint8Array;

  constructor(stage: Stage, world: World, lies: SumLies = {}) {
    this.#world = world;
    const { layout, sid2 } = world.order!;
    const { coordinatorKey: signer } = stage.consortium;
    const { runId, round } = world.options.config;
    const honest = sumOf(layout, elsewhere, round);
    const own = lies.own?.(world.sum!.slice()) ?? world.sum!;
    const other = lies.other?.(honest) ?? honest;
    this.#sums = [own, other];
    this.#servedOther = lies.served?.(other.slice()) ?? other;
    const survivors = [world.survivors.length, elsewhere.length] as const;
    const entries = this.#sums.map((sum, group) => ({
      group,
      sid2: group === 0 ? sid2 : nodeCrypto.sha256(sid2),
      resultHash: vectorRoot(nodeCrypto, sum),
      survivors: survivors[group]!,
    }));
    const sums = lies.aggregate?.(entries) ?? entries;
    this.#groups = sums.length;
    const body: AggregateBody = { runId, round, sums };
    this.#aggregate = signAggregate({ crypto: nodeCrypto, codec: sessionCodec, signer }, body);
    this.modelHash = stage.consortium.offer(nextModel(stage, world, lies.modelOf?.(this.#sums) ?? this.#sums));
  }

  show(): ShownResult {
    const { transcript, threshold } = this.#world.order!;
    const standing = { threshold, signed: 0, disputed: 0 };
    return {
      aggregate: this.#aggregate,
      transcript,
      modelHash: this.modelHash,
      threshold,
      signed: [],
      disputed: [],
      groups: Array.from({ length: this.#groups }, () => standing),
    };
  }

  chunks(chunks: readonly number[]): readonly ServedChunk[] {
    const cohort = this.#world.order!.transcript.adverts.map((body) => sessionCodec.advert.decode(body).participantId);
    return [
      ...chunksOf(this.#sums[0]!, chunks),
      ...this.#world.vectors.flatMap((vector, at) => {
        const survivor = cohort.indexOf(this.#world.survivors[at]!);
        return chunksOf(vector, chunks).map((served) => ({ survivor, ...served }));
      }),
    ];
  }

  groupChunks(group: number, chunks: readonly number[]): readonly ServedChunk[] {
    return chunksOf(group === 0 ? this.#sums[0]! : this.#servedOther, chunks);
  }
}

/** A packed sum with one added to a lane of its model. */
export function changedByOne(sum: Uint8Array): Uint8Array {
  const changed = sum.slice();
  // Lane 5: the guard in front is lane 0, lanes have three bytes.
  changed[5 * 3]! ^= 1;
  return changed;
}

/** A sum of exact updates. */
function sumOf(layout: Layout, survivors: readonly string[], round: number): Uint8Array {
  const updates = survivors.map((name) => unitsOf(name, round));
  const lanes = layout.segments.map(({ segment }) =>
    segment.kind === 'model'
      ? Int32Array.from({ length: segment.length }, (_, i) => updates.reduce((sum, units) => sum + units[i]!, 0))
      : new Int32Array(segment.length).fill(segment.kind === 'weight' ? survivors.length * weightUnit : 0),
  );
  const sum = packLanes(layout, lanes);
  const guards = blankSum(layout, survivors.length);
  return sum.map((byte, at) => (isGuard(layout, at) ? guards[at]! : byte));
}

function isGuard(layout: Layout, byte: number): boolean {
  return layout.segments.some(({ segment, offset, lanes }) => {
    const width = segment.bits / 8;
    return [offset, offset + (lanes - 1) * width].some((at) => byte >= at && byte < at + width);
  });
}

/** As the plan says. A sum that is impossible for its group is taken as it is, guards aside. */
function nextModel(stage: Stage, world: World, sums: readonly Uint8Array[]): Uint8Array {
  const { layout } = world.order!;
  const { plan } = stage.plan;
  const { baseModelHash } = world.options.config;
  const combiner = combineGroups({ crypto: nodeCrypto, plan, kind: 'train', baseModelHash });
  for (const sum of sums) {
    const survivors = sum[0]!;
    combiner.add({ lanes: openSum(layout, sum, survivors), survivors });
  }
  const [bias] = decodeSafetensors(modelOf(0));
  const { model } = fedAvg.apply(bias!.values, combiner.finish().mean, undefined);
  return encodeSafetensors([{ ...bias!, values: model }]);
}
