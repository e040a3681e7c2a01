// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface DealerShare {
  'dealer'?: (number);
  'bodyHash'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface DealerShare__Output {
  'dealer': (number);
  'bodyHash': (Buffer);
  'signature': (Buffer);
}
