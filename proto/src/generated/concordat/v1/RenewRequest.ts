// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto


export interface RenewRequest {
  'certificateRequest'?: (Buffer | Uint8Array | string);
}

export interface RenewRequest__Output {
  'certificateRequest': (Buffer);
}
