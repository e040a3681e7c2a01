// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface SignedBody {
  'body'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface SignedBody__Output {
  'body': (Buffer);
  'signature': (Buffer);
}
