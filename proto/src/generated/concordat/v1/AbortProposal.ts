// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface AbortProposal {
  'sid'?: (Buffer | Uint8Array | string);
}

export interface AbortProposal__Output {
  'sid': (Buffer);
}
