// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/membership.proto


export interface RosterRequest {
}

export interface RosterRequest__Output {
}
