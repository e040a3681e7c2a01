// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface Abandoned {
  'reason'?: (string);
  'retry'?: (boolean);
}

export interface Abandoned__Output {
  'reason': (string);
  'retry': (boolean);
}
