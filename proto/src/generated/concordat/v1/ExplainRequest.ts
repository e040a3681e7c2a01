// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface ExplainRequest {
  'runId'?: (string);
  'round'?: (number);
}

export interface ExplainRequest__Output {
  'runId': (string);
  'round': (number);
}
