// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface JournalRequest {
  'runId'?: (string);
  'most'?: (number);
}

export interface JournalRequest__Output {
  'runId': (string);
  'most': (number);
}
