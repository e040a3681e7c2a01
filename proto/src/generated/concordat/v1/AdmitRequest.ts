// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto


export interface AdmitRequest {
  'participantId'?: (string);
  'fingerprint'?: (string);
}

export interface AdmitRequest__Output {
  'participantId': (string);
  'fingerprint': (string);
}
