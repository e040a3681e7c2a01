// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/results.proto

import type { SignedBody as _concordat_v1_SignedBody, SignedBody__Output as _concordat_v1_SignedBody__Output } from '../../concordat/v1/SignedBody.js';
import type { Transcript as _concordat_v1_Transcript, Transcript__Output as _concordat_v1_Transcript__Output } from '../../concordat/v1/Transcript.js';
import type { GroupStanding as _concordat_v1_GroupStanding, GroupStanding__Output as _concordat_v1_GroupStanding__Output } from '../../concordat/v1/GroupStanding.js';

export interface ShowResultReply {
  'aggregate'?: (_concordat_v1_SignedBody | null);
  'transcript'?: (_concordat_v1_Transcript | null);
  'modelHash'?: (Buffer | Uint8Array | string);
  'threshold'?: (number);
  'signed'?: (string)[];
  'disputed'?: (string)[];
  'groups'?: (_concordat_v1_GroupStanding)[];
  'currentModelHash'?: (Buffer | Uint8Array | string);
  'staleness'?: (number);
}

export interface ShowResultReply__Output {
  'aggregate': (_concordat_v1_SignedBody__Output | null);
  'transcript': (_concordat_v1_Transcript__Output | null);
  'modelHash': (Buffer);
  'threshold': (number);
  'signed': (string)[];
  'disputed': (string)[];
  'groups': (_concordat_v1_GroupStanding__Output)[];
  'currentModelHash': (Buffer);
  'staleness': (number);
}
