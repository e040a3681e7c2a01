// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface DealtBox {
  'box'?: (Buffer | Uint8Array | string);
  'selfShareHash'?: (Buffer | Uint8Array | string);
  'maskShareHash'?: (Buffer | Uint8Array | string);
}

export interface DealtBox__Output {
  'box': (Buffer);
  'selfShareHash': (Buffer);
  'maskShareHash': (Buffer);
}
