// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface ReceiptBody {
  'runId'?: (string);
  'round'?: (number);
  'step'?: (string);
  'participantId'?: (string);
  'contentDigest'?: (Buffer | Uint8Array | string);
}

export interface ReceiptBody__Output {
  'runId': (string);
  'round': (number);
  'step': (string);
  'participantId': (string);
  'contentDigest': (Buffer);
}
