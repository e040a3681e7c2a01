import { X509Certificate } from 'node:crypto';
import { FederatedError } from '@concordat/core';
import { type Clock, lockDirectory, nodeCrypto, systemClock, type Transport } from '@concordat/node';
import type { ClientEvent } from './events.js';
import type { IdentitySigner } from './keys/identity-signer.js';
import { KeyStore } from './keys/key-store.js';
import { type Connection, connect } from './transport/connection.js';

/** A certificate is renewed when so much is left of it, or a third of its life if that is less. */
const renewBeforeMillis = 60 * 24 * 3_600_000;
/** It is looked at this often, and at connecting; a clock that is wrong then makes no more of it than this. */
const lookMillis = 6 * 3_600_000;

export interface RenewalOptions {
  readonly keys: KeyStore;
  readonly connection: Connection;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
  readonly onEvent: (event: ClientEvent) => void;
  /** Of the looks: the system's unless said, for certificates run out by the clock of the system. */
  readonly clock?: Pick<Clock, 'after' | 'monotonicMillis'>;
}

/** Renews the client's TLS certificate while it takes part, long before it runs out. */
export class CertificateRenewal {
  readonly #options: RenewalOptions;
  #triedAt = Number.NEGATIVE_INFINITY;
  #cancel: () => void = () => undefined;

  constructor(options: RenewalOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#cancel(), { once: true });
  }

  /** The connection stands: look now, and again from time to time. */
  look(): void {
    this.#cancel();
    if (this.#options.signal.aborted) return;
    const { keys, wallMillis, clock = systemClock } = this.#options;
    this.#cancel = clock.after(lookMillis, () => this.look());
    const now = clock.monotonicMillis();
    if (now - this.#triedAt < lookMillis || !isDue(keys, wallMillis())) return;
    this.#triedAt = now;
    void this.#renew();
  }

  async #renew(): Promise<void> {
    const { keys, connection, signal, onEvent } = this.#options;
    try {
      await renewOver(keys, connection, signal);
      onEvent({ type: 'certificate', renewed: true, expires: expiryOf(keys) });
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof FederatedError ? error.message : String(error);
      onEvent({ type: 'certificate', renewed: false, expires: expiryOf(keys), reason });
    }
  }
}

/** Whose certificate is renewed, and how its coordinator is reached. */
export interface RenewOptions {
  readonly directory: string;
  /** Where the identity key is not in the directory. */
  readonly identity?: IdentitySigner | undefined;
  readonly signal?: AbortSignal;
  readonly correlationId?: string | undefined;
  /** Mutual TLS unless said. */
  readonly transport?: Transport;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

/** A renewed certificate. */
export interface RenewResult {
  readonly participantId: string;
  /** RFC 3339. */
  readonly expires: string;
}

/**
 * A new TLS key and certificate for a participant, asked for with the old ones. A client that runs does this by itself.
 *
 * @throws `conflict` while a client uses the directory; `unauthenticated` when the old certificate has run out; `verification` when the
 *   coordinator sent another certificate than was asked for. The old pair stays then.
 */
export async function renewCertificate(options: RenewOptions): Promise<RenewResult> {
  const { directory, signal, correlationId, transport, wallMillis = Date.now, identity } = options;
  const lock = lockDirectory(directory, wallMillis());
  try {
    const keys = await KeyStore.open(directory, { wallMillis, identity });
    const connection = connect({
      ...keys.enrolment,
      ...keys.tls,
      coordinatorKey: () => keys.roster.roster.coordinatorKey,
      correlationId,
      crypto: nodeCrypto,
      ...(transport === undefined ? {} : { transport }),
    });
    try {
      await renewOver(keys, connection, signal);
    } finally {
      connection.close();
    }
    return { participantId: keys.participantId, expires: expiryOf(keys) };
  } finally {
    lock.release();
  }
}

async function renewOver(keys: KeyStore, connection: Connection, signal: AbortSignal | undefined): Promise<void> {
  await keys.renewTls((request) => connection.renewCertificate(request, { signal }));
  connection.showCertificate(keys.tls);
}

function isDue(keys: KeyStore, now: number): boolean {
  const certificate = new X509Certificate(keys.tls.certificatePem);
  const [begin, end] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  return end - now < Math.min(renewBeforeMillis, (end - begin) / 3);
}

function expiryOf({ tls }: KeyStore): string {
  return new Date(new X509Certificate(tls.certificatePem).validTo).toISOString();
}
