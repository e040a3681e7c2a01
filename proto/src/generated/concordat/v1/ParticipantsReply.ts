// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto

import type { ParticipantEntry as _concordat_v1_ParticipantEntry, ParticipantEntry__Output as _concordat_v1_ParticipantEntry__Output } from '../../concordat/v1/ParticipantEntry.js';

export interface ParticipantsReply {
  'participants'?: (_concordat_v1_ParticipantEntry)[];
}

export interface ParticipantsReply__Output {
  'participants': (_concordat_v1_ParticipantEntry__Output)[];
}
