import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Server as NetServer, type Socket } from 'node:net';
import {
  authorizationInterceptor,
  type CallFacts,
  type CallVerdict,
  type CertifiedKey,
  certificatesToPem,
  channelSettings,
  createCertificateRequest,
  createTlsAuthority,
  createWideServer,
  issueClientCertificate,
  issueServerCertificate,
  openTlsFront,
  peerOfCall,
  type ReceiveWindows,
  serverSettings,
  type TlsFront,
  type TlsFrontOptions,
} from '@concordat/node';
import {
  type ChannelCredentials,
  Client,
  credentials,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
const method = (name: string, requestStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream: false,
  requestSerialize: bytes.serialize,
  requestDeserialize: bytes.deserialize,
  responseSerialize: bytes.serialize,
  responseDeserialize: bytes.deserialize,
});

/** Says who calls; counts what is sent; never answers. */
export const service = {
  Whoami: method('Whoami', false),
  Count: method('Count', true),
  Silent: method('Silent', false),
};

export interface Consortium {
  readonly authority: CertifiedKey;
  readonly server: CertifiedKey;
}

export const now = Date.UTC(2030, 0, 1);

export async function makeConsortium(): Promise<Consortium> {
  // Certificates are checked by OpenSSL against the real clock: valid from long ago to far ahead.
  const authority = await createTlsAuthority({ consortium: 'test', now: 0, validMillis: 2 * now });
  const server = await issueServerCertificate(authority, {
    names: ['localhost', '127.0.0.1'],
    now: 0,
    validMillis: 2 * now,
  });
  return { authority, server };
}

export async function clientCredentials(
  consortium: Consortium,
  id: string | undefined,
  authority: CertifiedKey = consortium.authority,
): Promise<ChannelCredentials> {
  const root = Buffer.from(consortium.authority.certificatePem);
  if (id === undefined) return credentials.createSsl(root);
  const { request, privateKeyPem } = await createCertificateRequest();
  const leaf = await issueClientCertificate(authority, request, {
    subject: { role: 'participant', id },
    now: 0,
    validMillis: 2 * now,
  });
  return credentials.createSsl(root, Buffer.from(privateKeyPem), Buffer.from(certificatesToPem(leaf)));
}

export interface Running {
  readonly front: TlsFront;
  readonly calls: CallFacts[];
  readonly handled: string[];
  stop(): Promise<void>;
}

export async function startEcho(
  consortium: Consortium,
  decide: (facts: CallFacts) => CallVerdict,
  options: Partial<TlsFrontOptions> = {},
  windows?: ReceiveWindows,
  version?: string,
): Promise<Running> {
  const calls: CallFacts[] = [];
  const handled: string[] = [];
  const interceptor = authorizationInterceptor((facts) => {
    calls.push(facts);
    return decide(facts);
  });
  const { server } = createWideServer({ ...serverSettings, interceptors: [interceptor] }, windows, version);
  server.addService(service, {
    Whoami(call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) {
      handled.push('Whoami');
      reply(null, Buffer.from(peerOfCall(call)?.subject.id ?? 'nobody'));
    },
    Count(call: ServerReadableStream<Buffer, Buffer>, reply: sendUnaryData<Buffer>) {
      handled.push('Count');
      let count = 0;
      call.on('data', (chunk: Buffer) => {
        count += chunk.length;
      });
      call.on('error', () => undefined);
      call.on('end', () => reply(null, Buffer.from(String(count))));
    },
    Silent() {
      handled.push('Silent');
    },
  });
  const front = await openTlsFront({
    server,
    host: '127.0.0.1',
    port: 0,
    certificatePem: consortium.server.certificatePem,
    privateKeyPem: consortium.server.privateKeyPem,
    authorityPem: consortium.authority.certificatePem,
    ...options,
  });
  const stop = async () => {
    await front.close(0);
    server.forceShutdown();
  };
  return { front, calls, handled, stop };
}

export function connect(port: number, creds: ChannelCredentials): Client {
  return new Client(`localhost:${port}`, creds, channelSettings);
}

export type Outcome = { readonly text: string } | { readonly error: ServiceError };

export function ask(client: Client, name: 'Whoami' | 'Silent', deadlineMillis = 10_000): Promise<Outcome> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      service[name].path,
      bytes.serialize,
      bytes.deserialize,
      Buffer.from('body'),
      { deadline: Date.now() + deadlineMillis },
      (error, value) => resolve(error ? { error } : { text: String(value) }),
    );
  });
}

/** Stream `total` bytes in chunks. */
export function send(client: Client, total: number, chunkBytes = 240 * 1024): Promise<Outcome> {
  return new Promise((resolve) => {
    const call = client.makeClientStreamRequest(
      service.Count.path,
      bytes.serialize,
      bytes.deserialize,
      { deadline: Date.now() + 60_000 },
      (error, value) => resolve(error ? { error } : { text: String(value) }),
    );
    call.on('error', () => undefined);
    let left = total;
    const more = (): void => {
      while (left > 0) {
        const chunk = Buffer.alloc(Math.min(chunkBytes, left), 1);
        left -= chunk.length;
        if (!call.write(chunk)) {
          call.once('drain', more);
          return;
        }
      }
      call.end();
    };
    more();
  });
}

/** A TCP proxy that delivers every byte `delayMillis` late in each direction. */
export async function delayProxy(targetPort: number, delayMillis: number): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: NetServer = createServer({ noDelay: true }, (near) => {
    const far = connectTcp({ port: targetPort, host: '127.0.0.1', noDelay: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => setTimeout(() => to.write(data), delayMillis));
      from.on('close', () => setTimeout(() => to.destroy(), delayMillis));
      from.on('error', () => undefined);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
