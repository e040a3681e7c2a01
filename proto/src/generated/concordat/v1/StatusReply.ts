// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface StatusReply {
  'json'?: (Buffer | Uint8Array | string);
}

export interface StatusReply__Output {
  'json': (Buffer);
}
