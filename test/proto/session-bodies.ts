import type { SessionCodec, SessionConfig } from '@concordat/core';

const hash = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

export const config: SessionConfig = {
  suite: 'CSA1',
  runId: 'run-1',
  round: 3,
  kind: 'train',
  sessionNonce: hash(1),
  rosterHash: hash(2),
  baseModelHash: hash(3),
  planHash: hash(4),
  parameters: 10,
  segments: [
    { name: 'model', length: 10, bits: 24, quantBits: 14, bound: 0.5, kind: 'model' },
    { name: 'weight', length: 1, bits: 32, quantBits: 0, bound: 32768, kind: 'weight' },
  ],
  clippingNorm: 1.5,
  maxWeight: 1000,
  minCohort: 4,
  maxCohort: 5,
  minSurvivors: 3,
  maxColluders: 0,
  privacy: 'none',
  stepMillis: 10_000,
};

/** One value of every signed body; zeros are in it because zeros are what encodings lose. */
export const bodies: { readonly [Name in keyof SessionCodec]: ReturnType<SessionCodec[Name]['decode']> } = {
  config,
  advert: { participantId: 'acme', configHash: hash(1), sealingKey: hash(2), maskKey: hash(3) },
  share: { sid: hash(1), dealer: 0, dealRoot: hash(2), selfSecretHash: hash(3) },
  confirm: { sid: hash(1), participant: 0, confirmed: Uint8Array.of(0, 1) },
  upload: { sid2: hash(0), participant: 255, lengthBytes: 49_152, merkleRoot: hash(2) },
  survivors: { sid2: hash(1), survivors: Uint8Array.of(31), inputsHash: hash(2) },
  reveal: {
    sid2: hash(1),
    inputsHash: hash(2),
    participant: 1,
    shares: [
      { dealer: 0, kind: 'self', share: hash(0) },
      { dealer: 2, kind: 'mask', share: hash(9) },
    ],
  },
  abort: { sid: hash(4) },
  aggregate: {
    runId: 'run-1',
    round: 3,
    sums: [
      { group: 0, sid2: hash(1), resultHash: hash(2), survivors: 3 },
      { group: 2, sid2: hash(3), resultHash: hash(0), survivors: 256 },
    ],
  },
  result: { sid2: hash(1), resultHash: hash(0), aggregateHash: hash(3) },
  dispute: {
    sid2: hash(1),
    resultHash: hash(2),
    aggregateHash: hash(3),
    group: 0,
    rule: 'check.sum',
    chunk: 0,
    lane: 17,
  },
  receipt: { runId: 'run-1', round: 0, step: 'approve', participantId: 'acme', contentDigest: hash(5) },
};
