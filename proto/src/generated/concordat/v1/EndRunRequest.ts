// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface EndRunRequest {
  'runId'?: (string);
  'reason'?: (string);
}

export interface EndRunRequest__Output {
  'runId': (string);
  'reason': (string);
}
