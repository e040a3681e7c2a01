// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto


export interface EnrollmentRequest {
  'participantId'?: (string);
  'invitationSecret'?: (Buffer | Uint8Array | string);
}

export interface EnrollmentRequest__Output {
  'participantId': (string);
  'invitationSecret': (Buffer);
}
