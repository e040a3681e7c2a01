import { type ConcordatPackage, chunkToWire, loaderOptions, protoFiles, type wire } from '@concordat/proto';
import { credentials, loadPackageDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { TlsParties } from './tls-parties.js';

/** As ours, so that nothing but the windows is another. */
const pieceBytes = 49_152;

const services = () =>
  (loadPackageDefinition(loadSync([...protoFiles], loaderOptions)) as unknown as ConcordatPackage).concordat.v1;

/** grpc-js as it comes, with mutual TLS: takes vectors and throws them away. @returns the port. */
export function servePlainGrpc(parties: TlsParties): Promise<number> {
  const server = new Server();
  const UploadMaskedUpdate: wire.BlobsHandlers['UploadMaskedUpdate'] = (call, reply) => {
    call.on('data', () => undefined);
    call.on('end', () => reply(null, {}));
  };
  server.addService(services().Blobs.service, { UploadMaskedUpdate });
  const pair = {
    private_key: Buffer.from(parties.server.privateKeyPem),
    cert_chain: Buffer.from(parties.server.certificatePem),
  };
  const tls = ServerCredentials.createSsl(Buffer.from(parties.authorityPem), [pair], true);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', tls, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

export interface PlainGrpc {
  up(bytes: number): Promise<void>;
  close(): void;
}

export function openPlainGrpc(port: number, { authorityPem, client }: TlsParties): PlainGrpc {
  const pem = (text: string) => Buffer.from(text);
  const tls = credentials.createSsl(pem(authorityPem), pem(client.privateKeyPem), pem(client.certificatePem));
  const { Blobs } = services();
  const stub = new Blobs(`localhost:${port}`, tls);
  return {
    up: (bytes) =>
      new Promise((resolve, reject) => {
        const call = stub.UploadMaskedUpdate((error) => (error ? reject(error) : resolve()));
        const data = new Uint8Array(pieceBytes);
        const send = (at: number): void => {
          if (at >= bytes) return void call.end();
          call.write({ chunk: chunkToWire(at, data.subarray(0, Math.min(pieceBytes, bytes - at))) }, () =>
            send(at + pieceBytes),
          );
        };
        send(0);
      }),
    close: () => stub.close(),
  };
}
