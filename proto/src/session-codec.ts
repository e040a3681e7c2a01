import {
  type AbortBody,
  type AdvertBody,
  type AggregateBody,
  type BodyCodec,
  bounds,
  type ConfirmBody,
  type DisputeBody,
  equalBytes,
  FederatedError,
  type ReceiptBody,
  type ResultBody,
  type RevealBody,
  type Segment,
  type SessionCodec,
  type SessionConfig,
  type ShareBody,
  type SurvivorsBody,
  type UploadBody,
} from '@concordat/core';
import { protoRoot } from './definition.js';
import * as field from './fields.js';
import type * as wire from './generated/index.js';
import { scanWire } from './wire-scan.js';

/**
 * The signed bodies as protobuf. Decoding is strict: bounds, wire scan, and the bytes must be the one encoding of their value
 * (fields in order of number, defaults left out, nothing unknown), so two bodies with one meaning do not exist.
 * Every decoder throws `malformed` for anything else; decoded byte fields are copies.
 */
export const sessionCodec: SessionCodec = {
  config: bodyCodec<SessionConfig, wire.SessionConfigBody__Output>('SessionConfigBody', readConfig),
  advert: bodyCodec<AdvertBody, wire.AdvertBody__Output>('AdvertBody', (body) => ({
    participantId: field.id(body.participantId, 'participantId'),
    configHash: field.hashBytes(body.configHash, 'configHash'),
    sealingKey: field.hashBytes(body.sealingKey, 'sealingKey'),
    maskKey: field.hashBytes(body.maskKey, 'maskKey'),
  })),
  share: bodyCodec<ShareBody, wire.ShareBody__Output>('ShareBody', (body) => ({
    sid: field.hashBytes(body.sid, 'sid'),
    dealer: field.cohortIndex(body.dealer, 'dealer'),
    dealRoot: field.hashBytes(body.dealRoot, 'dealRoot'),
    selfSecretHash: field.hashBytes(body.selfSecretHash, 'selfSecretHash'),
  })),
  confirm: bodyCodec<ConfirmBody, wire.ConfirmBody__Output>('ConfirmBody', (body) => ({
    sid: field.hashBytes(body.sid, 'sid'),
    participant: field.cohortIndex(body.participant, 'participant'),
    confirmed: field.bitmapBytes(body.confirmed, 'confirmed'),
  })),
  upload: bodyCodec<UploadBody, wire.UploadBody__Output>('UploadBody', (body) => ({
    sid2: field.hashBytes(body.sid2, 'sid2'),
    participant: field.cohortIndex(body.participant, 'participant'),
    lengthBytes: field.integer(body.lengthBytes, 1, bounds.maskedVectorBytesMax, 'lengthBytes'),
    merkleRoot: field.hashBytes(body.merkleRoot, 'merkleRoot'),
  })),
  survivors: bodyCodec<SurvivorsBody, wire.SurvivorsBody__Output>('SurvivorsBody', (body) => ({
    sid2: field.hashBytes(body.sid2, 'sid2'),
    survivors: field.bitmapBytes(body.survivors, 'survivors'),
    inputsHash: field.hashBytes(body.inputsHash, 'inputsHash'),
  })),
  reveal: revealCodec(),
  abort: bodyCodec<AbortBody, wire.AbortBody__Output>('AbortBody', (body) => ({
    sid: field.hashBytes(body.sid, 'sid'),
  })),
  aggregate: bodyCodec<AggregateBody, wire.AggregateBody__Output>('AggregateBody', (body) => ({
    runId: field.id(body.runId, 'runId'),
    round: field.roundNumber(body.round, 'round'),
    sums: field.list(body.sums, 1, bounds.groupsMax, 'sums').map((sum) => ({
      group: field.groupIndex(sum.group, 'sum.group'),
      sid2: field.hashBytes(sum.sid2, 'sum.sid2'),
      resultHash: field.hashBytes(sum.resultHash, 'sum.resultHash'),
      survivors: field.integer(sum.survivors, bounds.cohortMin, bounds.cohortMax, 'sum.survivors'),
    })),
  })),
  result: bodyCodec<ResultBody, wire.ResultBody__Output>('ResultBody', readResult),
  dispute: bodyCodec<DisputeBody, wire.DisputeBody__Output>('DisputeBody', (body) => ({
    ...readResult(body),
    group: field.groupIndex(body.group, 'group'),
    rule: field.ruleName(body.rule, 'rule'),
    chunk: field.integer(body.chunk, 0, chunksMax, 'chunk'),
    lane: field.integer(body.lane, 0, bounds.lanesMax + 2, 'lane'),
  })),
  receipt: bodyCodec<ReceiptBody, wire.ReceiptBody__Output>('ReceiptBody', (body) => ({
    runId: field.id(body.runId, 'runId'),
    round: field.integer(body.round, 0, bounds.roundsMax, 'round'),
    step: field.word(body.step, 'step'),
    participantId: field.id(body.participantId, 'participantId'),
    contentDigest: field.hashBytes(body.contentDigest, 'contentDigest'),
  })),
};

const chunksMax = Math.ceil(bounds.maskedVectorBytesMax / bounds.chunkBytes);

function readResult(body: ResultBody): ResultBody {
  return {
    sid2: field.hashBytes(body.sid2, 'sid2'),
    resultHash: field.hashBytes(body.resultHash, 'resultHash'),
    aggregateHash: field.hashBytes(body.aggregateHash, 'aggregateHash'),
  };
}

function readConfig(body: wire.SessionConfigBody__Output): SessionConfig {
  return {
    suite: field.oneOf(body.suite, ['CSA1'], 'suite'),
    runId: field.id(body.runId, 'runId'),
    round: field.roundNumber(body.round, 'round'),
    kind: field.oneOf(body.kind, ['train', 'evaluate'], 'kind'),
    sessionNonce: field.hashBytes(body.sessionNonce, 'sessionNonce'),
    rosterHash: field.hashBytes(body.rosterHash, 'rosterHash'),
    baseModelHash: field.hashBytes(body.baseModelHash, 'baseModelHash'),
    planHash: field.hashBytes(body.planHash, 'planHash'),
    parameters: field.integer(body.parameters, 1, bounds.lanesMax, 'parameters'),
    segments: field.list(body.segments, 1, bounds.segmentsMax, 'segments').map(readSegment),
    clippingNorm: field.positive(body.clippingNorm, 'clippingNorm'),
    maxWeight: field.integer(body.maxWeight, 1, 0xffffffff, 'maxWeight'),
    minCohort: field.integer(body.minCohort, 1, bounds.cohortMax, 'minCohort'),
    maxCohort: field.integer(body.maxCohort, 1, bounds.cohortMax, 'maxCohort'),
    minSurvivors: field.integer(body.minSurvivors, 1, bounds.cohortMax, 'minSurvivors'),
    maxColluders: field.integer(body.maxColluders, 0, bounds.cohortMax, 'maxColluders'),
    privacy: field.word(body.privacy, 'privacy'),
    stepMillis: field.integer(body.stepMillis, 1, bounds.durationMillisMax, 'stepMillis'),
  };
}

function readSegment(segment: wire.SegmentSpec__Output): Segment {
  return {
    name: field.word(segment.name, 'segment.name'),
    length: field.integer(segment.length, 1, bounds.lanesMax, 'segment.length'),
    bits: field.oneOf(segment.bits, [16, 24, 32], 'segment.bits'),
    quantBits: field.integer(segment.quantBits, 0, 32, 'segment.quantBits'),
    bound: field.positive(segment.bound, 'segment.bound'),
    kind: field.oneOf(segment.kind, ['model', 'weight', 'metrics', 'excess'], 'segment.kind'),
  };
}

const shareKinds = ['self', 'mask'] as const;

function revealCodec(): BodyCodec<RevealBody> {
  const numbered = bodyCodec<wire.RevealBody, wire.RevealBody__Output>('RevealBody', (body) => ({
    sid2: field.hashBytes(body.sid2, 'sid2'),
    inputsHash: field.hashBytes(body.inputsHash, 'inputsHash'),
    participant: field.cohortIndex(body.participant, 'participant'),
    shares: [...field.list(body.shares, 1, bounds.cohortMax, 'shares')].map((share) => ({
      dealer: field.cohortIndex(share.dealer, 'share.dealer'),
      kind: field.oneOf(share.kind, [1, 2], 'share.kind'),
      share: field.hashBytes(share.share, 'share.share'),
    })),
  }));
  return {
    encode: (body) =>
      numbered.encode({
        ...body,
        shares: body.shares.map((share) => ({ ...share, kind: shareKinds.indexOf(share.kind) + 1 })),
      }),
    decode: (bytes) => {
      const body = numbered.decode(bytes) as wire.RevealBody__Output;
      return { ...body, shares: body.shares.map((share) => ({ ...share, kind: shareKinds[share.kind - 1]! })) };
    },
  };
}

/** @param read checks a decoded message and builds the value from copies; the value's names are the message's. */
function bodyCodec<Value extends object, Output>(
  messageName: string,
  read: (message: Output) => Value,
): BodyCodec<Value> {
  const type = protoRoot.lookupType(`concordat.v1.${messageName}`);
  const write = (value: object): Uint8Array => new Uint8Array(type.encode(withoutDefaults(value)).finish());
  return {
    encode: (value) => write(read(value as unknown as Output)),
    decode: (bytes) => {
      scanWire(type, bytes, bounds.controlMessageBytesMax);
      const value = read(
        type.toObject(decodeOrRefuse(type, bytes, messageName), { defaults: true, arrays: true }) as Output,
      );
      if (!equalBytes(write(value), bytes)) {
        throw new FederatedError('malformed', `${messageName} is not in its one encoding`, {
          detail: { bytes: bytes.length },
        });
      }
      return value;
    },
  };
}

function decodeOrRefuse(type: ReturnType<typeof protoRoot.lookupType>, bytes: Uint8Array, messageName: string) {
  try {
    return type.decode(bytes);
  } catch (cause) {
    throw new FederatedError('malformed', `${messageName} does not decode`, { cause });
  }
}

// proto3 leaves zero values out; protobufjs writes whatever is set. Other languages must get the same bytes.
function withoutDefaults(value: object): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    if (item === 0 || item === '' || item === undefined) continue;
    if (item instanceof Uint8Array) {
      if (item.length > 0) out[name] = item;
    } else if (Array.isArray(item)) {
      out[name] = item.map((entry) => withoutDefaults(entry as object));
    } else {
      out[name] = item;
    }
  }
  return out;
}
