// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/health.proto


export interface HealthRequest {
}

export interface HealthRequest__Output {
}
