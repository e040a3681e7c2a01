// @ts-nocheck: the tool declares more than it uses.
// Original file: proto/concordat/v1/runs.proto


export interface ResumeRunReply {
}

export interface ResumeRunReply__Output {
}
