// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto


export interface RenewReply {
  'certificateChain'?: (Buffer | Uint8Array | string)[];
}

export interface RenewReply__Output {
  'certificateChain': (Buffer)[];
}
