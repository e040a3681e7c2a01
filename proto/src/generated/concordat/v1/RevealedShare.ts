// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface RevealedShare {
  'dealer'?: (number);
  'kind'?: (number);
  'share'?: (Buffer | Uint8Array | string);
}

export interface RevealedShare__Output {
  'dealer': (number);
  'kind': (number);
  'share': (Buffer);
}
