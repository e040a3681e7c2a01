import { type Clock, connect, Downloads, systemClock } from '@concordat/client-sdk';

interface Order {
  readonly directory: string;
  readonly address: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly maxBytes: number;
  readonly consortium: string;
  readonly authorityPem: string;
  readonly tlsAuthoritySha256: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** A process of a test that fetches a blob until it is killed. */
process.once('message', (message) => {
  const { directory, sha256, maxBytes, ...line } = message as Order;
  // What arrives is on the disk at once.
  const clock: Clock = { ...systemClock, after: (_millis, fire) => systemClock.after(0, fire) };
  const downloads = new Downloads(directory, { clock });
  const connection = connect({ ...line, participantId: 'acme', coordinatorKey: () => new Uint8Array(32), downloads });
  void connection.getBlob(new Uint8Array(Buffer.from(sha256, 'hex')), { maxBytes });
});
