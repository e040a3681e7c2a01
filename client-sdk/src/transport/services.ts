import { type ClientTls, channelSettings, type Transport } from '@concordat/node';
import {
  type ConcordatPackage,
  correlationHeader,
  decodeToErrors,
  guardDefinition,
  loaderOptions,
  protoFiles,
  type wire,
} from '@concordat/proto';
import { type ChannelOptions, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { lineTransport } from './proxy.js';

/** Bytes since the connection was made: gRPC messages with their 5-byte prefixes, without HTTP/2 and TLS. */
export interface ByteCounts {
  /** Participant → coordinator. */
  uploadBytes: number;
  downloadBytes: number;
}

/** The clients of all services a participant calls, over one channel. */
export interface Services {
  readonly membership: wire.MembershipClient;
  readonly plans: wire.PlansClient;
  readonly rounds: wire.RoundsClient;
  readonly blobs: wire.BlobsClient;
  readonly results: wire.ResultsClient;
  readonly health: wire.HealthClient;
  close(): void;
}

const framePrefixBytes = 5;

const settings: ChannelOptions = {
  ...channelSettings,
  // grpc-js keeps the first MiB of a stream for retries, although they are off, and calls a write done when it is merely
  // kept. Without that buffer a write is done when the socket took it: progress and throttling are then true.
  'grpc.per_rpc_retry_buffer_size': 0,
};

let definition: PackageDefinition | undefined;

/**
 * Open the clients; nothing is dialled before the first call. Message bytes are added to `counts`, and `tls.correlationId` goes
 * with every call.
 */
export function openServices(
  address: string,
  tls: ClientTls & { readonly correlationId?: string | undefined },
  counts: ByteCounts,
  transport: Transport = lineTransport,
): Services {
  // Parsing the .proto files takes some ten milliseconds: once per process.
  definition ??= decodeToErrors(guardDefinition(loadSync([...protoFiles], loaderOptions)), 'replies');
  const loaded = loadPackageDefinition(counting(definition, counts)) as unknown as ConcordatPackage;
  const { Membership, Plans, Rounds, Blobs, Results, Health } = loaded.concordat.v1;
  // One channel for all services: one TLS connection per participant. Its own credentials count, not those of the clients.
  const channel = transport.channel(address, { ...tls, headers: headersOf(tls.correlationId) }, settings);
  const shared = [address, credentials.createInsecure(), { channelOverride: channel }] as const;
  return {
    rounds: new Rounds(...shared),
    membership: new Membership(...shared),
    plans: new Plans(...shared),
    blobs: new Blobs(...shared),
    results: new Results(...shared),
    health: new Health(...shared),
    close: () => channel.close(),
  };
}

function headersOf(correlationId: string | undefined): Readonly<Record<string, string>> {
  return correlationId === undefined ? {} : { [correlationHeader]: correlationId };
}

/** A copy whose codecs count; the parsed definition stays as it is for other connections. */
function counting(loaded: PackageDefinition, counts: ByteCounts): PackageDefinition {
  const copy: PackageDefinition = {};
  for (const [name, entry] of Object.entries(loaded)) {
    if ('format' in entry) copy[name] = entry as PackageDefinition[string];
    else {
      const methods = Object.entries(entry).map(([key, method]) => [key, countMethod(method, counts)]);
      copy[name] = Object.fromEntries(methods);
    }
  }
  return copy;
}

interface Codecs {
  requestSerialize(value: object): Buffer;
  responseDeserialize(bytes: Buffer): object;
}

function countMethod<Method extends Codecs>(method: Method, counts: ByteCounts): Method {
  return {
    ...method,
    requestSerialize(value: object) {
      const bytes = method.requestSerialize(value);
      counts.uploadBytes += bytes.length + framePrefixBytes;
      return bytes;
    },
    responseDeserialize(bytes: Buffer) {
      counts.downloadBytes += bytes.length + framePrefixBytes;
      return method.responseDeserialize(bytes);
    },
  };
}
