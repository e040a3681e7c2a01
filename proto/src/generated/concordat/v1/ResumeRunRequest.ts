// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface ResumeRunRequest {
  'runId'?: (string);
}

export interface ResumeRunRequest__Output {
  'runId': (string);
}
