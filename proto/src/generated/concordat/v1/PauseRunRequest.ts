// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface PauseRunRequest {
  'runId'?: (string);
  'reason'?: (string);
}

export interface PauseRunRequest__Output {
  'runId': (string);
  'reason': (string);
}
