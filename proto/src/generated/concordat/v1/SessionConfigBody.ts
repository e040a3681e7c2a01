// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto

import type { SegmentSpec as _concordat_v1_SegmentSpec, SegmentSpec__Output as _concordat_v1_SegmentSpec__Output } from '../../concordat/v1/SegmentSpec.js';

export interface SessionConfigBody {
  'suite'?: (string);
  'runId'?: (string);
  'round'?: (number);
  'sessionNonce'?: (Buffer | Uint8Array | string);
  'rosterHash'?: (Buffer | Uint8Array | string);
  'baseModelHash'?: (Buffer | Uint8Array | string);
  'planHash'?: (Buffer | Uint8Array | string);
  'parameters'?: (number);
  'segments'?: (_concordat_v1_SegmentSpec)[];
  'clippingNorm'?: (number | string);
  'maxWeight'?: (number);
  'minCohort'?: (number);
  'maxCohort'?: (number);
  'minSurvivors'?: (number);
  'maxColluders'?: (number);
  'privacy'?: (string);
  'stepMillis'?: (number);
  'kind'?: (string);
}

export interface SessionConfigBody__Output {
  'suite': (string);
  'runId': (string);
  'round': (number);
  'sessionNonce': (Buffer);
  'rosterHash': (Buffer);
  'baseModelHash': (Buffer);
  'planHash': (Buffer);
  'parameters': (number);
  'segments': (_concordat_v1_SegmentSpec__Output)[];
  'clippingNorm': (number);
  'maxWeight': (number);
  'minCohort': (number);
  'maxCohort': (number);
  'minSurvivors': (number);
  'maxColluders': (number);
  'privacy': (string);
  'stepMillis': (number);
  'kind': (string);
}
