// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface ReceiptsRequest {
  'runId'?: (string);
  'round'?: (number);
  'step'?: (string);
}

export interface ReceiptsRequest__Output {
  'runId': (string);
  'round': (number);
  'step': (string);
}
