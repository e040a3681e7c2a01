import { FederatedError, type ParticipantMessage, type Signed } from '@concordat/core';
import { answerToWire, receiptFromWire, type wire } from '@concordat/proto';
import type { Services } from './services.js';
import { callOnce, type UnaryMethod } from './unary.js';

/** One attempt to bring a message to the coordinator. */
export interface AnswerAttempt {
  readonly rounds: Services['rounds'];
  readonly address: string;
  readonly runId: string;
  readonly message: ParticipantMessage;
  readonly deadlineMillis: number;
  readonly signal?: AbortSignal | undefined;
}

/** @returns the receipt, not yet checked. @throws `invalid-argument` for an upload header; the coordinator's refusal. */
export async function sendAnswer(attempt: AnswerAttempt): Promise<Signed> {
  const { rounds } = attempt;
  const call = answerToWire({ runId: attempt.runId, message: attempt.message });
  const send = <Request>(method: UnaryMethod<Request, wire.Receipt__Output>, request: Request) =>
    callOnce(method, request, attempt);
  switch (call.method) {
    case 'Answer':
      return receiptFromWire(await send(rounds.Answer.bind(rounds), call.request));
    case 'Ready':
      return receiptFromWire(await send(rounds.Ready.bind(rounds), call.request));
    case 'Advertise':
      return receiptFromWire(await send(rounds.Advertise.bind(rounds), call.request));
    case 'Share':
      return receiptFromWire(await send(rounds.Share.bind(rounds), call.request));
    case 'Confirm':
      return receiptFromWire(await send(rounds.Confirm.bind(rounds), call.request));
    case 'Certify':
      return receiptFromWire(await send(rounds.Certify.bind(rounds), call.request));
    case 'Reveal':
      return receiptFromWire(await send(rounds.Reveal.bind(rounds), call.request));
    case 'Abort':
      return receiptFromWire(await send(rounds.Abort.bind(rounds), call.request));
    case 'UploadMaskedUpdate':
      throw new FederatedError('invalid-argument', 'an upload header goes with its vector: uploadMaskedUpdate');
  }
}
