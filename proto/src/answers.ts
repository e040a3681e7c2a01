import { bounds, type ParticipantMessage, type SessionReply, type Signed } from '@concordat/core';
import * as field from './fields.js';
import type * as wire from './generated/index.js';
import { dealtBoxFromWire, ofCohort } from './session-frames.js';
import { signedFromWire } from './signed.js';

/** The call that carries one participant's message: a method of `Rounds`, or the header frame of the bulk upload. */
export type AnswerCall =
  | { readonly method: 'Answer'; readonly request: wire.AnswerRequest }
  | { readonly method: 'Ready'; readonly request: wire.ReadyRequest }
  | { readonly method: 'Advertise'; readonly request: wire.AdvertiseRequest }
  | { readonly method: 'Share'; readonly request: wire.ShareRequest }
  | { readonly method: 'Confirm'; readonly request: wire.ConfirmRequest }
  | { readonly method: 'Certify'; readonly request: wire.CertifyRequest }
  | { readonly method: 'Reveal'; readonly request: wire.RevealRequest }
  | { readonly method: 'Abort'; readonly request: wire.AbortRequest }
  | { readonly method: 'UploadMaskedUpdate'; readonly request: wire.UploadFrame };

/** A request as the server decoded it, with the method it came by. */
export type ReceivedCall =
  | { readonly method: 'Answer'; readonly request: wire.AnswerRequest__Output }
  | { readonly method: 'Ready'; readonly request: wire.ReadyRequest__Output }
  | { readonly method: 'Advertise'; readonly request: wire.AdvertiseRequest__Output }
  | { readonly method: 'Share'; readonly request: wire.ShareRequest__Output }
  | { readonly method: 'Confirm'; readonly request: wire.ConfirmRequest__Output }
  | { readonly method: 'Certify'; readonly request: wire.CertifyRequest__Output }
  | { readonly method: 'Reveal'; readonly request: wire.RevealRequest__Output }
  | { readonly method: 'Abort'; readonly request: wire.AbortRequest__Output }
  /** `request` is the header inside the stream's first frame. */
  | { readonly method: 'UploadMaskedUpdate'; readonly request: wire.UploadHeader__Output | null | undefined };

/** A participant's message with the run it belongs to. The participant itself is the certificate's, never the message's. */
export interface AnswerFrame {
  readonly runId: string;
  readonly message: ParticipantMessage;
}

/** Which call to make, with which request. An `upload` frame becomes the header that the stream's chunks follow. */
export function answerToWire(frame: AnswerFrame): AnswerCall {
  const { message, runId } = frame;
  switch (message.type) {
    case 'approved': {
      const { planHash, rosterHash, approval } = message;
      return { method: 'Answer', request: { key: { runId, round: 0 }, approved: { planHash, rosterHash, approval } } };
    }
    case 'decline': {
      const { step, code, rule, message: why, round } = message;
      const decline = { step, code, rule, message: why.slice(0, bounds.textCharactersMax) };
      return { method: 'Answer', request: { key: { runId, round }, decline } };
    }
    case 'ready':
      return {
        method: 'Ready',
        request: { key: { runId, round: message.round }, baseModelHash: message.baseModelHash },
      };
    case 'session':
      return replyToWire({ runId, round: message.round }, message.frame);
  }
}

function replyToWire(key: wire.RoundKey, frame: SessionReply): AnswerCall {
  switch (frame.type) {
    case 'advertise':
      return { method: 'Advertise', request: { key, advert: frame.advert } };
    case 'share':
      return { method: 'Share', request: { key, share: frame.share, boxes: [...frame.boxes] } };
    case 'confirm':
      return { method: 'Confirm', request: { key, confirm: frame.confirm } };
    case 'upload':
      return { method: 'UploadMaskedUpdate', request: { header: { key, upload: frame.upload } } };
    case 'certify':
      return { method: 'Certify', request: { key, statement: frame.statement } };
    case 'reveal':
      return { method: 'Reveal', request: { key, reveal: frame.reveal } };
    case 'abort':
      return { method: 'Abort', request: { key, statement: frame.statement } };
  }
}

/** @throws `malformed` out of bounds or with a part missing. */
export function answerFromWire(call: ReceivedCall): AnswerFrame {
  const key = field.present(call.request?.key, 'key');
  const runId = field.id(key.runId, 'key.runId');
  if (call.method === 'Answer') return { runId, message: readAnswer(call.request, key) };
  const round = field.roundNumber(key.round, 'key.round');
  if (call.method === 'Ready') {
    const baseModelHash = field.hashBytes(call.request.baseModelHash, 'baseModelHash');
    return { runId, message: { type: 'ready', round, baseModelHash } };
  }
  return { runId, message: { type: 'session', round, frame: readReply(call) } };
}

function readAnswer(request: wire.AnswerRequest__Output, key: wire.RoundKey__Output): ParticipantMessage {
  if (request.answer === 'approved') {
    return {
      type: 'approved',
      planHash: field.hashBytes(request.approved?.planHash, 'planHash'),
      rosterHash: field.hashBytes(request.approved?.rosterHash, 'rosterHash'),
      approval: signedFromWire(request.approved?.approval),
    };
  }
  const decline = field.present(request.decline, 'answer');
  return {
    type: 'decline',
    round: field.integer(key.round, 0, bounds.roundsMax, 'key.round'),
    step: field.word(decline.step, 'step'),
    code: field.word(decline.code, 'code'),
    rule: field.word(decline.rule, 'rule'),
    message: field.text(decline.message, 'message'),
  };
}

type SessionCall = Exclude<ReceivedCall, { method: 'Answer' | 'Ready' }>;

function readReply(call: SessionCall): SessionReply {
  switch (call.method) {
    case 'Advertise':
      return { type: 'advertise', advert: signedFromWire(call.request.advert) };
    case 'Share':
      return {
        type: 'share',
        share: signedFromWire(call.request.share),
        boxes: ofCohort(call.request.boxes, 'boxes').map(dealtBoxFromWire),
      };
    case 'Confirm':
      return { type: 'confirm', confirm: signedFromWire(call.request.confirm) };
    case 'UploadMaskedUpdate':
      return { type: 'upload', upload: signedFromWire(call.request?.upload) };
    case 'Certify':
      return { type: 'certify', statement: signedFromWire(call.request.statement) };
    case 'Reveal':
      return { type: 'reveal', reveal: signedFromWire(call.request.reveal) };
    case 'Abort':
      return { type: 'abort', statement: signedFromWire(call.request.statement) };
  }
}

/** The coordinator's signed word that it holds what was sent. */
export function receiptToWire(receipt: Signed): wire.Receipt {
  return { receipt };
}

/** @throws `malformed` out of bounds or when it is absent. */
export function receiptFromWire(value: wire.Receipt__Output | null | undefined): Signed {
  return signedFromWire(value?.receipt, bounds.certificateBytesMax);
}
