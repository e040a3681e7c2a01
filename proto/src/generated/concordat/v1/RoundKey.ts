// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface RoundKey {
  'runId'?: (string);
  'round'?: (number);
}

export interface RoundKey__Output {
  'runId': (string);
  'round': (number);
}
