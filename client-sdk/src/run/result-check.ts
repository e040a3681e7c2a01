import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  blankSum,
  bounds,
  type CheckedTranscript,
  ChunkCheck,
  type CryptoPort,
  chooseChunks,
  chunkCount,
  FederatedError,
  type Finding,
  type Kernels,
  type OwnSession,
  type Plan,
  planParameters,
  type Random,
  type ReadAggregate,
  readAggregate,
  readTranscript,
  requireGroups,
  totalsChunks,
} from '@concordat/core';
import { type CurrentModel, type GroupStanding, type ShownResult, sessionCodec } from '@concordat/proto';
import type { Connection } from '../transport/connection.js';
import { canRemake, remakeModel } from './remade-model.js';

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

/** A sum to compute anew, and what is known of it here. */
export interface ResultCheckOptions {
  readonly runId: string;
  readonly round: number;
  readonly own: OwnSession;
  /** How many random chunks, or all; by default all up to 64 MB, else {@link sampledChunks}. */
  readonly chunks?: number | 'all';
  /** The approved plan, for the model that was made of the sums. */
  readonly plan?: Plan;
  /** What was published with them; else the model that the coordinator names. */
  readonly published?: { readonly modelHash: Uint8Array };
  readonly signal?: AbortSignal;
}

/** What a check found, and how much of the sum it looked at. */
export interface ResultCheck {
  readonly finding: Finding;
  /** With a finding that is `wrong`. */
  readonly error?: FederatedError;
  readonly chunks: { readonly checked: number; readonly of: number };
  /** Parameters of the published model that were made again of base model and sums, and how many it has; 0 of 0 without a plan. */
  readonly model: { readonly checked: number; readonly of: number };
  /** Number of the own secure group, from 1; undefined in a round of one session. */
  readonly group: number | undefined;
  /** As the coordinator says: of the own group. */
  readonly threshold: number;
  readonly signed: readonly string[];
  readonly disputed: readonly string[];
  /** As the coordinator says: of every group whose sum is in the model, with its number from 1. */
  readonly groups: readonly (GroupStanding & { readonly group: number })[];
}

/** Bytes up to which everything is fetched and computed anew; and, of a large sum, bytes of models fetched beside its chunks. */
const allBytesMax = 64_000_000;
/** Random chunks of a larger sum. */
export const sampledChunks = 8;

/**
 * Compute an opened sum anew from what the coordinator shows, and compare: every chunk, or some of this participant's own random choice.
 * Then make the model again of this sum and those of the other groups, of the same chunks of each: all of it, or, where the plan does not
 * rotate, the parameters in these chunks. One chunk at a time, with the event loop running between two.
 *
 * @throws what is no finding: `unavailable`, `deadline` and the signal's stop; `refused` `result.…`, `check.survivor` when there is
 *   nothing to check; `verification` `check.aggregate` and `malformed` when the coordinator does not even say what it opened.
 */
export async function checkResult(ports: ResultCheckPorts, options: ResultCheckOptions): Promise<ResultCheck> {
  const { own, runId, round, plan, signal } = options;
  const { connection, crypto, coordinatorKey } = ports;
  const codec = sessionCodec;
  const shown = await connection.showResult(own.sid2, { signal });
  const aggregate = readAggregate({ crypto, codec }, shown.aggregate, {
    runId,
    round,
    sid2: own.sid2,
    coordinatorKey,
  });
  const told = toldOf(shown, aggregate);
  const { sid2, resultHash } = aggregate.own;
  const signing = { sid2, resultHash, aggregateHash: aggregate.aggregateHash };
  const chunks = { checked: 0, of: 0 };
  const model = { checked: 0, of: plan === undefined ? 0 : planParameters(plan) };
  let transcript: CheckedTranscript | undefined;
  try {
    const { publicKeys } = ports;
    transcript = readTranscript({ crypto, codec }, shown.transcript, { own, publicKeys });
    requireSums(options, aggregate, transcript);
    chunks.of = chunkCount(transcript.layout);
    const modelHash = options.published?.modelHash ?? shown.modelHash;
    model.checked = await checkShown(ports, options, {
      transcript,
      aggregate,
      modelHash,
      current: shown.current,
      seen: chunks,
    });
    return { finding: { type: 'right', ...signing }, chunks, model, ...told };
  } catch (error) {
    if (!isFinding(error)) throw error;
    const { rule, chunk = 0, lane = 0, group } = error.detail as unknown as FindingDetail;
    const about = group === undefined ? aggregate.own.group : group - 1;
    const finding = { type: 'wrong', ...signing, group: about, rule, chunk, lane } as const;
    return { finding, error: named(error, told.group), chunks, model: { ...model, checked: 0 }, ...told };
  } finally {
    for (const { key } of transcript?.maskKeys ?? []) key.fill(0);
    for (const secret of shown.transcript.secrets) secret.fill(0);
  }
}

interface FindingDetail {
  readonly rule: string;
  readonly chunk?: number;
  readonly lane?: number;
  /** From 1. */
  readonly group?: number;
}

/** @throws `malformed` when the standings are not those of the aggregate's groups. */
function toldOf(
  { threshold, signed, disputed, groups }: ShownResult,
  { own, sums }: ReadAggregate,
): Pick<ResultCheck, 'group' | 'groups' | 'threshold' | 'signed' | 'disputed'> {
  if (groups.length !== sums.length) {
    throw new FederatedError('malformed', 'the standings are not those of the sums of the round', {
      detail: { required: sums.length, offered: groups.length },
    });
  }
  return {
    group: sums.length === 1 ? undefined : own.group + 1,
    threshold,
    signed,
    disputed,
    groups: groups.map((standing, at) => ({ group: sums[at]!.group + 1, ...standing })),
  };
}

/** What does not hold whatever is repeated; a line that damages bytes is no finding. */
function isFinding(error: unknown): error is FederatedError {
  return error instanceof FederatedError && error.code === 'verification' && /^check\./.test(String(error.detail.rule));
}

/** The same error with the group it is about, where a round has several. */
function named(error: FederatedError, group: number | undefined): FederatedError {
  if (group === undefined || error.detail.group !== undefined) return error;
  const { code, message, fix, cause } = error;
  return new FederatedError(code, message, { detail: { ...error.detail, group }, fix, cause });
}

/** @throws `verification` `check.groups` when the plan would have made no model of such sums, or the own one is of other survivors. */
function requireSums({ plan }: ResultCheckOptions, { own, sums }: ReadAggregate, { uploads }: CheckedTranscript): void {
  if (plan !== undefined) requireGroups(plan, sums);
  if (own.survivors === uploads.length) return;
  throw new FederatedError('verification', 'the coordinator signed the sum of another number of updates', {
    detail: { rule: 'check.groups', required: uploads.length, offered: own.survivors, group: own.group + 1 },
  });
}

interface Under {
  readonly transcript: CheckedTranscript;
  readonly aggregate: ReadAggregate;
  readonly modelHash: Uint8Array | undefined;
  readonly current: CurrentModel | undefined;
  readonly seen: { checked: number; readonly of: number };
}

/** @returns how many parameters of the model were made again. */
async function checkShown(ports: ResultCheckPorts, options: ResultCheckOptions, under: Under): Promise<number> {
  const { plan, chunks: asked, signal } = options;
  const { transcript, aggregate, modelHash } = under;
  const { layout, uploads, config } = transcript;
  const count = chunkCount(layout);
  const fetched = layout.lengthBytes * (uploads.length + aggregate.sums.length);
  const wanted = asked ?? (fetched <= allBytesMax ? 'all' : sampledChunks);
  const isWhole = wanted === 'all' || wanted >= count;
  const spareBytes = asked === undefined ? allBytesMax : Number.POSITIVE_INFINITY;
  const remade =
    plan !== undefined && modelHash !== undefined && canRemake({ plan, config, isWhole, spareBytes })
      ? { plan, modelHash }
      : undefined;
  const chosen = chosenChunks(ports.random, {
    count,
    wanted: isWhole ? count : wanted,
    always: remade === undefined ? [] : totalsChunks(layout),
  });
  const sum = remade === undefined ? undefined : blankSum(layout, aggregate.own.survivors);
  await checkChunks(ports, { ...under, chunks: chosen, signal, sum });
  if (remade === undefined || sum === undefined) return 0;
  return remakeModel(ports, { ...remade, transcript, aggregate, sum, chunks: chosen, current: under.current, signal });
}

/** Some that everybody could name, and others that nobody else knows. */
function chosenChunks(
  random: Random,
  { count, wanted, always }: { readonly count: number; readonly wanted: number; readonly always: readonly number[] },
): readonly number[] {
  const others = Array.from({ length: count }, (_, chunk) => chunk).filter((chunk) => !always.includes(chunk));
  const drawn = chooseChunks({ count: others.length, wanted, random }).map((at) => others[at]!);
  return [...always, ...drawn].sort((a, b) => a - b);
}

/** @param sum where the chunks are written that hold. */
async function checkChunks(
  { crypto, kernels, connection }: ResultCheckPorts,
  {
    transcript,
    aggregate,
    chunks: chosen,
    seen,
    signal,
    sum,
  }: Under & {
    readonly chunks: readonly number[];
    readonly signal: AbortSignal | undefined;
    readonly sum: Uint8Array | undefined;
  },
): Promise<void> {
  const { sid2 } = transcript;
  const { resultHash, group } = aggregate.own;
  const number = aggregate.sums.length === 1 ? undefined : group + 1;
  for (let first = 0; first < chosen.length; first += bounds.checkChunksMax) {
    const chunks = chosen.slice(first, first + bounds.checkChunksMax);
    // A stream that broke begins again with its window.
    const check = await connection.getChunks({ sid2, chunks }, { signal }, async (served) => {
      const window = new ChunkCheck({ crypto, kernels, transcript, resultHash, chunks, group: number });
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
}
