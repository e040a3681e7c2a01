// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/plans.proto


export interface ProposeReply {
  'planHash'?: (Buffer | Uint8Array | string);
}

export interface ProposeReply__Output {
  'planHash': (Buffer);
}
