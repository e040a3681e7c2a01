// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface ShareBody {
  'sid'?: (Buffer | Uint8Array | string);
  'dealer'?: (number);
  'dealRoot'?: (Buffer | Uint8Array | string);
  'selfSecretHash'?: (Buffer | Uint8Array | string);
}

export interface ShareBody__Output {
  'sid': (Buffer);
  'dealer': (number);
  'dealRoot': (Buffer);
  'selfSecretHash': (Buffer);
}
