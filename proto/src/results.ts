import { bounds, type ServedChunk, type Signed, type Transcript, type Verdict } from '@concordat/core';
import { chunkFromWire, chunkToWire } from './chunks.js';
import * as field from './fields.js';
import type * as wire from './generated/index.js';
import { certificateFromWire } from './session-frames.js';
import { signedFromWire } from './signed.js';

/** What the coordinator says of an opened sum. Nothing of it is checked yet. */
export interface ShownResult {
  readonly aggregate: Signed;
  readonly transcript: Transcript;
  /** 32 bytes: the model made of the sums in the aggregate; absent until it is published, and after an evaluation. */
  readonly modelHash?: Uint8Array;
  /** What the mean was applied to, where that is a later model than the session trained from. */
  readonly current?: CurrentModel;
  /** T. */
  readonly threshold: number;
  /** Who found the sum right, and who does not accept it. */
  readonly signed: readonly string[];
  readonly disputed: readonly string[];
  /** Of every sum in the aggregate, in its order. */
  readonly groups: readonly GroupStanding[];
}

/** A model that is later than another one. */
export interface CurrentModel {
  readonly hash: Uint8Array;
  /** By how many versions; ≥ 1. */
  readonly staleness: number;
}

/** How many survivors of one group spoke; who they are is not said. */
export interface GroupStanding {
  /** T of the group. */
  readonly threshold: number;
  readonly signed: number;
  readonly disputed: number;
}

export function shownResultToWire(shown: ShownResult): wire.ShowResultReply {
  const { aggregate, transcript, modelHash, current, threshold, signed, disputed, groups } = shown;
  const { config, adverts, dealers, shares, certificate, uploads, secrets } = transcript;
  return {
    aggregate,
    transcript: {
      config,
      adverts: [...adverts],
      dealers,
      shares: [...shares],
      certificate: { body: certificate.body, signatures: [...certificate.signatures] },
      uploads: [...uploads],
      secrets: [...secrets],
    },
    ...(modelHash === undefined ? {} : { modelHash }),
    threshold,
    signed: [...signed],
    disputed: [...disputed],
    groups: [...groups],
    ...(current === undefined ? {} : { currentModelHash: current.hash, staleness: current.staleness }),
  };
}

/** @throws `malformed` out of bounds or with a part missing. */
export function shownResultFromWire(reply: wire.ShowResultReply__Output): ShownResult {
  const ids = (values: readonly string[], name: string) =>
    field.list(values, 0, bounds.cohortMax, name).map((value) => field.id(value, name));
  return {
    aggregate: signedFromWire(reply.aggregate),
    transcript: readTranscript(field.present(reply.transcript, 'transcript')),
    ...(reply.modelHash.length === 0 ? {} : { modelHash: field.hashBytes(reply.modelHash, 'modelHash') }),
    threshold: field.integer(reply.threshold, 1, bounds.cohortMax, 'threshold'),
    signed: ids(reply.signed, 'signed'),
    disputed: ids(reply.disputed, 'disputed'),
    groups: field.list(reply.groups, 1, bounds.groupsMax, 'groups').map(readStanding),
    ...(reply.currentModelHash.length === 0 ? {} : { current: readCurrent(reply) }),
  };
}

function readCurrent({ currentModelHash, staleness }: wire.ShowResultReply__Output): CurrentModel {
  return {
    hash: field.hashBytes(currentModelHash, 'currentModelHash'),
    staleness: field.integer(staleness, 1, bounds.stalenessMax, 'staleness'),
  };
}

function readStanding(standing: wire.GroupStanding__Output): GroupStanding {
  const count = (value: number, least: number, name: string) => field.integer(value, least, bounds.cohortMax, name);
  return {
    threshold: count(standing.threshold, 1, 'groups.threshold'),
    signed: count(standing.signed, 0, 'groups.signed'),
    disputed: count(standing.disputed, 0, 'groups.disputed'),
  };
}

function readTranscript(value: wire.Transcript__Output): Transcript {
  const bodies = (values: readonly Uint8Array[], name: string) =>
    field.list(values, 1, bounds.cohortMax, name).map((body) => field.someBytes(body, 1, bodyBytesMax, name));
  const { body, signatures } = certificateFromWire(field.present(value.certificate, 'certificate'));
  return {
    config: field.someBytes(value.config, 1, bounds.controlMessageBytesMax, 'config'),
    adverts: bodies(value.adverts, 'adverts'),
    dealers: field.bitmapBytes(value.dealers, 'dealers'),
    shares: bodies(value.shares, 'shares'),
    certificate: { body, signatures },
    uploads: field
      .list(value.uploads, 1, bounds.cohortMax, 'uploads')
      .map((upload) => signedFromWire(upload, bodyBytesMax)),
    secrets: field
      .list(value.secrets, 1, bounds.cohortMax, 'secrets')
      .map((secret) => field.hashBytes(secret, 'secrets')),
  };
}

/** Adverts, share bodies and upload headers have at most some 200 bytes. */
const bodyBytesMax = 1024;

/** A chunk that was asked for. */
export function servedChunkToWire({ survivor, chunk, data, path }: ServedChunk): wire.ServedChunk {
  return {
    source: survivor === undefined ? 0 : survivor + 1,
    chunk: chunkToWire(chunk * bounds.chunkBytes, data),
    path: [...path],
  };
}

/** @throws `malformed` out of bounds; `verification` when the CRC is of other bytes. */
export function servedChunkFromWire(value: wire.ServedChunk__Output): ServedChunk {
  const { offset, data } = chunkFromWire(value.chunk);
  const source = field.integer(value.source, 0, bounds.cohortMax, 'source');
  return {
    ...(source === 0 ? {} : { survivor: source - 1 }),
    chunk: field.integer(offset / bounds.chunkBytes, 0, bounds.modelBytesMax, 'chunk.offset'),
    data,
    path: field.list(value.path, 0, pathMax, 'path').map((sibling) => field.hashBytes(sibling, 'path')),
  };
}

/** Levels of a Merkle tree over the chunks of the longest vector. */
const pathMax = 16;

export function verdictToWire(sid2: Uint8Array, { kind, statement }: Verdict): wire.SignResultRequest {
  return kind === 'result' ? { sid2, result: statement } : { sid2, disputed: statement };
}

/** @throws `malformed` without a verdict. */
export function verdictFromWire(request: wire.SignResultRequest__Output): Verdict {
  const kind = field.oneOf(request.verdict, ['result', 'disputed'], 'verdict');
  return { kind, statement: signedFromWire(kind === 'result' ? request.result : request.disputed, bodyBytesMax) };
}
