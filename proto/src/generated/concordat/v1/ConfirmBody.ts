// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/session.proto


export interface ConfirmBody {
  'sid'?: (Buffer | Uint8Array | string);
  'participant'?: (number);
  'confirmed'?: (Buffer | Uint8Array | string);
}

export interface ConfirmBody__Output {
  'sid': (Buffer);
  'participant': (number);
  'confirmed': (Buffer);
}
