// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface StartRunRequest {
  'planHash'?: (Buffer | Uint8Array | string);
  'runId'?: (string);
}

export interface StartRunRequest__Output {
  'planHash': (Buffer);
  'runId': (string);
}
