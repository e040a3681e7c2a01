import { FederatedError } from '@concordat/core';
import { answerFromWire, type ReceivedCall, receiptToWire, type wire } from '@concordat/proto';
import { payloadBytes, type Traffic } from '../run/traffic.js';
import type { RunDesk } from '../run-desk.js';
import { type Caller, participantOf } from './caller.js';
import type { CheckIns } from './check-ins.js';
import { type CallContext, statusOf, unary } from './handlers.js';
import { chooseWireVersion, software } from './versions.js';

export interface RoundsServiceOptions extends CallContext {
  readonly consortium: string;
  readonly checkIns: CheckIns;
  readonly runs: RunDesk;
  readonly traffic: Traffic;
}

/** Rounds: one stream per client down, idempotent unary answers up. */
export function roundsService(options: RoundsServiceOptions): wire.RoundsHandlers {
  const answer = <Method extends Exclude<ReceivedCall['method'], 'UploadMaskedUpdate'>>(method: Method) =>
    unary<Extract<ReceivedCall, { method: Method }>['request'], wire.Receipt>(options, (request, caller) =>
      take(options, { method, request } as ReceivedCall, caller),
    );
  return {
    CheckIn: checkIn(options),
    Answer: answer('Answer'),
    Ready: answer('Ready'),
    Advertise: answer('Advertise'),
    Share: answer('Share'),
    Confirm: answer('Confirm'),
    Certify: answer('Certify'),
    Reveal: answer('Reveal'),
  };
}

async function take(
  { runs, traffic }: RoundsServiceOptions,
  call: ReceivedCall,
  caller: Caller,
): Promise<wire.Receipt> {
  const { id } = participantOf(caller);
  traffic.up(id, payloadBytes(call.request));
  const { runId, message } = answerFromWire(call);
  const answer = await runs.require(runId).message(id, message);
  if (answer.type === 'accepted') return receiptToWire(answer.receipt);
  throw new FederatedError('internal', 'a unary call was answered with an upload');
}

function checkIn(options: RoundsServiceOptions): wire.RoundsHandlers['CheckIn'] {
  const { checkIns, consortium, log } = options;
  return (call) => {
    try {
      const caller = participantOf(options.callerOf(call));
      const wireVersion = chooseWireVersion(call.request.wireVersions);
      const sink = {
        write: (assignment: wire.Assignment) => call.write(assignment),
        end: () => call.end(),
        fail: (error: FederatedError) => void call.emit('error', statusOf(error, log)),
      };
      const welcome = { type: 'welcome', wireVersion, software, consortium } as const;
      const closed = checkIns.open(caller, call.request.clientEpoch, sink, welcome);
      call.on('drain', () => checkIns.drained(caller.id));
      call.on('cancelled', closed);
      call.on('error', closed);
      call.on('close', closed);
    } catch (error) {
      call.emit('error', statusOf(error, log));
    }
  };
}
