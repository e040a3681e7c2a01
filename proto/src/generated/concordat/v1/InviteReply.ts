// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto


export interface InviteReply {
  'invitation'?: (Buffer | Uint8Array | string);
}

export interface InviteReply__Output {
  'invitation': (Buffer);
}
