// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/plans.proto


export interface GetPlanRequest {
  'planHash'?: (Buffer | Uint8Array | string);
}

export interface GetPlanRequest__Output {
  'planHash': (Buffer);
}
