import {
  blankSum,
  bounds,
  type CheckedTranscript,
  chunkCount,
  decodeSafetensors,
  encodeSafetensors,
  equalBytes,
  FederatedError,
  flattenTensors,
  isMadeByParameter,
  ModelCheck,
  type Plan,
  parametersIn,
  type ReadAggregate,
  type RoundSum,
  requireChunk,
  requireSameParameters,
  requireStaleness,
  type SessionConfig,
  splitTensors,
  toHex,
} from '@concordat/core';
import type { CurrentModel } from '@concordat/proto';
import type { ResultCheckPorts } from './result-check.js';

/**
 * Whether the model of a round can be made again: of all chunks always, of some where every parameter stands alone, unless the two models
 * that it takes are larger than what may be spent.
 */
export function canRemake(of: {
  readonly plan: Plan;
  readonly config: SessionConfig;
  /** All chunks will be at hand. */
  readonly isWhole: boolean;
  readonly spareBytes: number;
}): boolean {
  const { plan, config, isWhole, spareBytes } = of;
  if (config.kind !== 'train') return false;
  return isWhole || (isMadeByParameter(plan) && 2 * 4 * config.parameters <= spareBytes);
}

interface Remaking {
  readonly plan: Plan;
  readonly transcript: CheckedTranscript;
  readonly aggregate: ReadAggregate;
  /** The own group's, packed: the chunks that were checked, blank elsewhere. */
  readonly sum: Uint8Array;
  /** Ascending. */
  readonly chunks: readonly number[];
  readonly modelHash: Uint8Array;
  /** What the mean was applied to, where that is a later model than the session's base. */
  readonly current: CurrentModel | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Fetch the same chunks of the other groups' sums, each under its signed root, combine all of them as the plan says, and compare what
 * comes of it with the published model. One sum at a time.
 *
 * @returns how many parameters were compared.
 * @throws `verification` `check.chunk`, `check.groups`, `check.model`.
 */
export async function remakeModel(ports: ResultCheckPorts, remaking: Remaking): Promise<number> {
  const { crypto, kernels, connection } = ports;
  const { plan, transcript, aggregate, chunks, modelHash, current, signal } = remaking;
  const { config, layout } = transcript;
  const { baseModelHash } = config;
  const staleness = current?.staleness ?? 0;
  requireStaleness(plan, staleness);
  const check = new ModelCheck({ crypto, kernels, plan, baseModelHash, layout });
  for (const sum of aggregate.sums) {
    check.add(sum === aggregate.own ? remaking.sum : await fetchSum(ports, remaking, sum), sum);
  }
  const shapes = plan.task.model.tensors;
  const maxBytes = 4 * config.parameters + bounds.safetensorsHeaderBytesMax;
  const read = async (hash: Uint8Array) =>
    flattenTensors(decodeSafetensors(await connection.getBlob(hash, { maxBytes, signal })), shapes);
  const made = check.make(await read(current?.hash ?? baseModelHash), staleness);
  if (chunks.length < chunkCount(layout)) {
    return requireSameParameters(made, await read(modelHash), parametersIn(layout, chunks));
  }
  const hash = crypto.sha256(encodeSafetensors(splitTensors(made, shapes)));
  if (equalBytes(hash, modelHash)) return made.length;
  throw new FederatedError('verification', 'the published model is not what the plan makes of base model and sums', {
    detail: { rule: 'check.model', required: toHex(hash), offered: toHex(modelHash), sid2: toHex(transcript.sid2) },
  });
}

async function fetchSum(
  { connection, crypto }: ResultCheckPorts,
  { transcript, chunks: chosen, signal }: Remaking,
  { group, resultHash: root, survivors }: RoundSum,
): Promise<Uint8Array> {
  const { layout, sid2 } = transcript;
  const sum = blankSum(layout, survivors);
  for (let first = 0; first < chosen.length; first += bounds.checkChunksMax) {
    const chunks = chosen.slice(first, first + bounds.checkChunksMax);
    await connection.getChunks({ sid2, group, chunks }, { signal }, async (served) => {
      let taken = 0;
      for await (const one of served) {
        requireChunk(crypto, layout, one, { chunk: chunks[taken] ?? -1, root, group: group + 1 });
        sum.set(one.data, one.chunk * bounds.chunkBytes);
        taken += 1;
      }
      if (taken === chunks.length) return;
      throw new FederatedError('malformed', 'chunks that were asked for are missing', {
        detail: { required: chunks.length, offered: taken },
      });
    });
  }
  return sum;
}
