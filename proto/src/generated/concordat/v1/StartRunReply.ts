// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface StartRunReply {
  'runId'?: (string);
}

export interface StartRunReply__Output {
  'runId': (string);
}
