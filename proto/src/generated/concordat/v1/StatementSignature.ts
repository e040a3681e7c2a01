// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/rounds.proto


export interface StatementSignature {
  'participant'?: (number);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface StatementSignature__Output {
  'participant': (number);
  'signature': (Buffer);
}
