// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface PauseRunReply {
  'paused'?: (boolean);
}

export interface PauseRunReply__Output {
  'paused': (boolean);
}
