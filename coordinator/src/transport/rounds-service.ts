import { bounds, FederatedError } from '@concordat/core';
import {
  answerFromWire,
  type ReceivedCall,
  receiptPlaceFromWire,
  receiptsPageToWire,
  receiptToWire,
  requireDecoded,
  type wire,
} from '@concordat/proto';
import { payloadBytes, type Traffic } from '../run/traffic.js';
import type { RunDesk } from '../run-desk.js';
import type { ClientStart } from '../store/client-epochs.js';
import type { ReceiptRecords } from '../store/receipts.js';
import { type Caller, participantOf } from './caller.js';
import type { CheckInLog } from './check-in-log.js';
import type { CheckIns } from './check-ins.js';
import { type CallContext, statusOf, unary } from './handlers.js';
import { chooseWireVersion, software } from './versions.js';

export interface RoundsServiceOptions extends CallContext {
  readonly consortium: string;
  readonly checkIns: CheckIns;
  readonly checkInLog: CheckInLog;
  readonly runs: RunDesk;
  readonly traffic: Traffic;
  readonly store: { readonly receipts: ReceiptRecords };
}

const startIdBytesMax = 16;

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
    Abort: answer('Abort'),
    Receipts: unary(options, (request: wire.ReceiptsRequest__Output, caller) =>
      showReceipts(options, request, participantOf(caller).id),
    ),
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

/** One page of what the caller itself was given receipts for. */
async function showReceipts(
  { store, checkIns }: RoundsServiceOptions,
  request: wire.ReceiptsRequest__Output,
  participant: string,
): Promise<wire.ReceiptsReply> {
  const place = receiptPlaceFromWire(request);
  const after = place === undefined ? undefined : { run: place.runId, round: place.round, step: place.step };
  const found = await store.receipts.page(participant, after, bounds.receiptsPageMax + 1);
  return receiptsPageToWire({
    receipts: found.slice(0, bounds.receiptsPageMax),
    more: found.length > bounds.receiptsPageMax,
    clientEpoch: checkIns.newestEpoch(participant),
  });
}

function checkIn(options: RoundsServiceOptions): wire.RoundsHandlers['CheckIn'] {
  const { checkIns, checkInLog, consortium } = options;
  return (call) => {
    const gone = new AbortController();
    let closed = () => gone.abort();
    for (const event of ['cancelled', 'error', 'close']) call.on(event, () => closed());
    const open = async () => {
      const caller = participantOf(options.callerOf(call));
      const request = requireDecoded(call.request);
      const wireVersion = chooseWireVersion(request.wireVersions);
      const sink = {
        write: (assignment: wire.Assignment) => call.write(assignment),
        end: () => call.end(),
        fail: (error: FederatedError) => void call.emit('error', statusOf(error, options, call)),
      };
      const welcome = { type: 'welcome', wireVersion, software, consortium } as const;
      call.on('drain', () => checkIns.drained(caller.id));
      const ended = await checkIns.open(caller, startOf(request), { sink, gone: gone.signal, welcome });
      if (gone.signal.aborted) return ended();
      const { clientEpoch } = request;
      const left = checkInLog.opened({
        participant: caller.id,
        metadata: call.metadata,
        software: request.software,
        clientEpoch,
      });
      closed = () => {
        closed = () => undefined;
        ended();
        left();
      };
    };
    open().catch((error: unknown) => call.emit('error', statusOf(error, options, call)));
  };
}

function startOf({ clientEpoch, startId }: wire.CheckInRequest__Output): ClientStart {
  if (!Number.isSafeInteger(clientEpoch) || clientEpoch < 1 || clientEpoch > bounds.clientEpochMax) {
    throw new FederatedError('malformed', 'the client epoch is out of bounds', {
      detail: { required: `1 to ${bounds.clientEpochMax}`, offered: clientEpoch },
    });
  }
  if (startId.length <= startIdBytesMax) return { epoch: clientEpoch, startId: new Uint8Array(startId) };
  throw new FederatedError('malformed', 'the start id is too long', {
    detail: { required: startIdBytesMax, offered: startId.length },
  });
}
