// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto


export interface ChangeRequest {
  'participantId'?: (string);
  'change'?: (string);
}

export interface ChangeRequest__Output {
  'participantId': (string);
  'change': (string);
}
