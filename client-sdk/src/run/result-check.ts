import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  bounds,
  type CheckedTranscript,
  ChunkCheck,
  type CryptoPort,
  chooseChunks,
  chunkCount,
  decodeSafetensors,
  decodeSum,
  encodeSafetensors,
  equalBytes,
  FederatedError,
  type Finding,
  fedAvg,
  flattenTensors,
  type Kernels,
  type OwnSession,
  openSum,
  type Plan,
  type Random,
  readAggregate,
  readTranscript,
  splitTensors,
  toHex,
} from '@concordat/core';
import { type ShownResult, sessionCodec } from '@concordat/proto';
import type { Connection } from '../transport/connection.js';

/** What a check needs of the participant around it. */
export interface ResultCheckPorts {
  readonly connection: Pick<Connection, 'showResult' | 'getChunks' | 'getBlob'>;
  readonly crypto: CryptoPort;
  readonly kernels: Kernels;
  /** The client's own choice of chunks: a coordinator must not know it before it signs. */
  readonly random: Random;
  readonly coordinatorKey: Uint8Array;
  /** Identity keys of the members, by id. */
  readonly publicKeys: ReadonlyMap<string, Uint8Array>;
}

export interface ResultCheckOptions {
  readonly own: OwnSession;
  /** How many random chunks, or all; by default all up to 64 MB, else {@link sampledChunks}. */
  readonly chunks?: number | 'all';
  /** The approved plan, for the model that was made of the sum. */
  readonly plan?: Plan;
  /** What was published with it; else the model that the coordinator names. */
  readonly published?: { readonly modelHash: Uint8Array; readonly survivors: number };
  readonly signal?: AbortSignal;
}

/** What a check found, and how much of the sum it looked at. */
export interface ResultCheck {
  readonly finding: Finding;
  /** With a finding that is `wrong`. */
  readonly error?: FederatedError;
  readonly chunks: { readonly checked: number; readonly of: number };
  /** Whether the published model was made again of base model and sum. */
  readonly modelChecked: boolean;
  /** As the coordinator says. */
  readonly threshold: number;
  readonly signed: readonly string[];
  readonly disputed: readonly string[];
}

/** Bytes up to which everything is fetched and computed anew. */
const allBytesMax = 64_000_000;
/** Random chunks of a larger sum. */
export const sampledChunks = 8;

/**
 * Compute an opened sum anew from what the coordinator shows, and compare: every chunk, or some of this participant's own random choice;
 * with every chunk also the model that was published. One chunk at a time, with the event loop running between two.
 *
 * @throws what is no finding: `unavailable`, `deadline` and the signal's stop; `refused` `result.…`, `check.survivor` when there is
 *   nothing to check; `verification` `check.aggregate` and `malformed` when the coordinator does not even say what it opened.
 */
export async function checkResult(ports: ResultCheckPorts, options: ResultCheckOptions): Promise<ResultCheck> {
  const { own, signal } = options;
  const { connection, crypto, coordinatorKey } = ports;
  const shown = await connection.showResult(own.sid2, { signal });
  const { sid2 } = own;
  const resultHash = readAggregate({ crypto, codec: sessionCodec }, shown.aggregate, { sid2, coordinatorKey });
  const { threshold, signed, disputed } = shown;
  const told = { threshold, signed, disputed };
  const seen = { checked: 0, of: 0 };
  let transcript: CheckedTranscript | undefined;
  try {
    const facts = { own, publicKeys: ports.publicKeys };
    transcript = readTranscript({ crypto, codec: sessionCodec }, shown.transcript, facts);
    seen.of = chunkCount(transcript.layout);
    const sum = await checkChunks(ports, options, { transcript, resultHash, seen });
    const modelHash = modelOf(options, shown, transcript);
    const modelChecked = sum !== undefined && (await checkModel(ports, options, { transcript, sum, modelHash }));
    return { finding: { type: 'right', sid2, resultHash }, chunks: seen, modelChecked, ...told };
  } catch (error) {
    if (!isFinding(error)) throw error;
    const { rule, chunk = 0, lane = 0 } = error.detail as { rule: string; chunk?: number; lane?: number };
    const finding = { type: 'wrong', sid2, resultHash, rule, chunk, lane } as const;
    return { finding, error, chunks: seen, modelChecked: false, ...told };
  } finally {
    for (const { key } of transcript?.maskKeys ?? []) key.fill(0);
    for (const secret of shown.transcript.secrets) secret.fill(0);
  }
}

/** The model that was made of this sum alone: one of several sums in a round says nothing of what they became together. */
function modelOf(
  { published }: ResultCheckOptions,
  shown: ShownResult,
  { uploads }: CheckedTranscript,
): Uint8Array | undefined {
  if (published === undefined) return shown.modelHash;
  return published.survivors === uploads.length ? published.modelHash : undefined;
}

/** What does not hold whatever is repeated; a line that damages bytes is no finding. */
function isFinding(error: unknown): error is FederatedError {
  return error instanceof FederatedError && error.code === 'verification' && /^check\./.test(String(error.detail.rule));
}

interface Under {
  readonly transcript: CheckedTranscript;
  readonly resultHash: Uint8Array;
  readonly seen: { checked: number; readonly of: number };
}

/** @returns the whole sum, when every chunk of it was checked. */
async function checkChunks(
  ports: ResultCheckPorts,
  { chunks: asked, signal }: ResultCheckOptions,
  { transcript, resultHash, seen }: Under,
): Promise<Uint8Array | undefined> {
  const { crypto, kernels, random, connection } = ports;
  const { layout, uploads, sid2 } = transcript;
  const fetched = layout.lengthBytes * (uploads.length + 1);
  const usual = fetched <= allBytesMax ? 'all' : sampledChunks;
  const wanted = asked ?? usual;
  const count = chunkCount(layout);
  const chosen = chooseChunks({ count, wanted: wanted === 'all' ? count : wanted, random });
  const sum = chosen.length === count ? new Uint8Array(layout.lengthBytes) : undefined;
  for (let first = 0; first < chosen.length; first += bounds.checkChunksMax) {
    const chunks = chosen.slice(first, first + bounds.checkChunksMax);
    // A stream that broke begins again with its window.
    const check = await connection.getChunks({ sid2, chunks }, { signal }, async (served) => {
      const window = new ChunkCheck({ crypto, kernels, transcript, resultHash, chunks });
      for await (const one of served) window.take(one);
      return window;
    });
    let at = 0;
    for (const computed of check.compare()) {
      await nextTurn();
      if (computed === undefined) continue;
      sum?.set(computed, chunks[at]! * bounds.chunkBytes);
      seen.checked += 1;
      at += 1;
    }
  }
  return sum;
}

/**
 * Make the model again of the base model and the sum.
 *
 * @returns false where that cannot be done: nothing was published, the plan is not at hand or another one, or an evaluation.
 * @throws `verification` `check.model`.
 */
async function checkModel(
  { crypto, kernels, connection }: ResultCheckPorts,
  { plan, signal }: ResultCheckOptions,
  of: { readonly transcript: CheckedTranscript; readonly sum: Uint8Array; readonly modelHash: Uint8Array | undefined },
): Promise<boolean> {
  const { transcript, sum, modelHash } = of;
  const { config, layout, uploads } = transcript;
  if (plan === undefined || modelHash === undefined || config.kind !== 'train') return false;
  const { baseModelHash } = config;
  const shapes = plan.task.model.tensors;
  const maxBytes = 4 * config.parameters + bounds.safetensorsHeaderBytesMax;
  const survivors = uploads.length;
  const lanes = openSum(layout, sum, survivors, kernels);
  const { mean } = decodeSum({ crypto, plan, baseModelHash, lanes, survivors, kernels });
  const base = flattenTensors(decodeSafetensors(await connection.getBlob(baseModelHash, { maxBytes, signal })), shapes);
  const { model } = fedAvg.apply(base, mean, fedAvg.init(base));
  const made = crypto.sha256(encodeSafetensors(splitTensors(model, shapes)));
  if (equalBytes(made, modelHash)) return true;
  throw new FederatedError('verification', 'the published model is not what the plan makes of base model and sum', {
    detail: { rule: 'check.model', required: toHex(made), offered: toHex(modelHash), sid2: toHex(transcript.sid2) },
  });
}
