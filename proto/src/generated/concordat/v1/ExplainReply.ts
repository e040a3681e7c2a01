// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface ExplainReply {
  'json'?: (Buffer | Uint8Array | string);
}

export interface ExplainReply__Output {
  'json': (Buffer);
}
