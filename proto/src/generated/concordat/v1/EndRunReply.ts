// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface EndRunReply {
  'over'?: (boolean);
}

export interface EndRunReply__Output {
  'over': (boolean);
}
