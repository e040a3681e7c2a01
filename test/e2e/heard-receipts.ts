import { type Transport, tlsTransport } from '@concordat/node';
import { guardDefinition, loaderOptions, protoFiles, receiptFromWire, sessionCodec, type wire } from '@concordat/proto';
import type { ChannelInterface } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** One acknowledgement as a participant got it. */
export interface HeardReceipt {
  readonly participant: string;
  readonly run: string;
  readonly round: number;
  readonly step: string;
  readonly body: Buffer;
}

interface Deserializing {
  responseDeserialize(bytes: Buffer): object;
}

const acknowledging = new Map<string, Deserializing>(
  Object.entries(guardDefinition(loadSync([...protoFiles], loaderOptions)))
    .flatMap(([, service]) => Object.values(service as object) as { readonly path?: string }[])
    .filter(({ path }) => /Rounds\/(?!CheckIn|Receipts)|UploadMaskedUpdate|Results\/Sign/.test(path ?? ''))
    .map((method) => [method.path!, method as unknown as Deserializing]),
);

/** Mutual TLS, and every acknowledgement that comes through it is noted: what a participant was told is what it may count on. */
export function hearingTransport(hear: (receipt: HeardReceipt) => void): Transport {
  return {
    channel(address, tls, settings) {
      const channel = tlsTransport.channel(address, tls, settings);
      const createCall: ChannelInterface['createCall'] = (method, ...rest) => {
        const call = channel.createCall(method, ...rest);
        const wire = acknowledging.get(method);
        if (wire === undefined) return call;
        const start = call.start.bind(call);
        call.start = (metadata, listener) =>
          start(metadata, {
            ...listener,
            onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
            onReceiveStatus: (status) => listener.onReceiveStatus(status),
            onReceiveMessage: (message: Buffer) => {
              const heard = receiptOf(wire, message);
              if (heard !== undefined) hear(heard);
              listener.onReceiveMessage(message);
            },
          });
        return call;
      };
      return new Proxy(channel, {
        get: (target, name) => {
          if (name === 'createCall') return createCall;
          const member = Reflect.get(target, name) as unknown;
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    },
  };
}

function receiptOf(method: Deserializing, message: Buffer): HeardReceipt | undefined {
  if (message === null) return undefined;
  const { body } = receiptFromWire(method.responseDeserialize(message) as wire.Receipt__Output);
  const { runId: run, round, step, participantId: participant } = sessionCodec.receipt.decode(body);
  return { participant, run, round, step, body: Buffer.from(body) };
}
