import { type Clock, type Connection, connect, type Downloads } from '@concordat/client-sdk';
import {
  certifyRosterKey,
  type ParticipantMessage,
  type Random,
  type Roster,
  type RosterMember,
  type Signed,
  type SignedRoster,
  type Signer,
  signBody,
  signRoster,
} from '@concordat/core';
import {
  type CertifiedKey,
  certificatesToPem,
  createCertificateRequest,
  createTlsAuthority,
  createWideServer,
  fingerprintOf,
  identityFromSeed,
  issueClientCertificate,
  issueServerCertificate,
  nodeCrypto,
  openTlsFront,
  type ReceiveWindows,
  serverSettings,
} from '@concordat/node';
import {
  type ConcordatPackage,
  errorToWire,
  errorTrailer,
  guardDefinition,
  loaderOptions,
  protoFiles,
  sessionCodec,
  type wire,
} from '@concordat/proto';
import { loadPackageDefinition, Metadata, type ServiceDefinition, type StatusObject } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** What a test coordinator answers; a method without a handler is not implemented. */
export interface Handlers {
  readonly Membership?: Partial<wire.MembershipHandlers>;
  readonly Plans?: Partial<wire.PlansHandlers>;
  readonly Rounds?: Partial<wire.RoundsHandlers>;
  readonly Blobs?: Partial<wire.BlobsHandlers>;
  readonly Health?: Partial<wire.HealthHandlers>;
}

const loaded = loadPackageDefinition(
  guardDefinition(loadSync([...protoFiles], loaderOptions)),
) as unknown as ConcordatPackage;

// Certificates are checked by OpenSSL against the real clock: valid from long ago to far ahead.
export const wallMillis = Date.UTC(2030, 0, 1);
const validity = { now: 0, validMillis: 2 * wallMillis };

export const signerOf = (seed: number): Signer => identityFromSeed(new Uint8Array(32).fill(seed));

/** A consortium with known keys: the seeds are the fills of its secret keys. */
export class TestConsortium {
  readonly id = 'north';
  readonly root = signerOf(1);
  readonly rosterKey = signerOf(2);
  readonly coordinator = signerOf(3);
  readonly operator = signerOf(4);
  readonly authority: CertifiedKey;
  readonly server: CertifiedKey;

  private constructor(authority: CertifiedKey, server: CertifiedKey) {
    this.authority = authority;
    this.server = server;
  }

  static async make(): Promise<TestConsortium> {
    const authority = await createTlsAuthority({ consortium: 'north', ...validity });
    const names = ['localhost', '127.0.0.1'];
    return new TestConsortium(authority, await issueServerCertificate(authority, { names, ...validity }));
  }

  get tlsAuthoritySha256(): string {
    const [, base64] = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(this.authority.certificatePem)!;
    return fingerprintOf(Buffer.from(base64!, 'base64'));
  }

  member(participantId: string, publicKey: Uint8Array): RosterMember {
    const window = { notBefore: 0, notAfter: 2 * wallMillis };
    return { participantId, organization: `${participantId} ltd`, publicKey, role: 'participant', ...window };
  }

  /** @param root who certifies the roster key; the consortium's own root unless a test lies. */
  signRoster(members: readonly RosterMember[], change: Partial<Roster> = {}, root: Signer = this.root): SignedRoster {
    const { rosterKey, id: consortium } = this;
    const window = { notBefore: 0, notAfter: 2 * wallMillis };
    const certificate = certifyRosterKey(nodeCrypto, root, { consortium, rosterKey: rosterKey.publicKey, ...window });
    const operators = [{ id: 'desk', publicKey: this.operator.publicKey }];
    const roster = { consortium, epoch: 1, members, operators, coordinatorKey: this.coordinator.publicKey, ...change };
    return signRoster(nodeCrypto, rosterKey, roster, certificate);
  }

  issue(participantId: string, request: Uint8Array): Promise<Uint8Array> {
    return issueClientCertificate(this.authority, request, {
      subject: { role: 'participant', id: participantId },
      ...validity,
    });
  }

  receipt(said: { runId: string; round: number; step: string; content: Uint8Array; participantId?: string }): Signed {
    const { runId, round, step, content, participantId = 'acme' } = said;
    const contentDigest = nodeCrypto.sha256(content);
    const body = sessionCodec.receipt.encode({ runId, round, step, participantId, contentDigest });
    return signBody(nodeCrypto, this.coordinator, 'CSA1/receipt', body);
  }

  /** What participant acme shows, PEM. */
  async clientKey(): Promise<CertifiedKey> {
    const { request, privateKeyPem } = await createCertificateRequest();
    return { certificatePem: certificatesToPem(await this.issue('acme', request)), privateKeyPem };
  }

  async connection(
    address: string,
    options: { clock?: Clock; tls?: TestConsortium; downloads?: Downloads } = {},
  ): Promise<Connection> {
    const { tls = this } = options;
    const { certificatePem, privateKeyPem } = await tls.clientKey();
    return connect({
      address,
      consortium: this.id,
      participantId: 'acme',
      authorityPem: tls.authority.certificatePem,
      tlsAuthoritySha256: tls.tlsAuthoritySha256,
      certificatePem,
      privateKeyPem,
      coordinatorKey: () => this.coordinator.publicKey,
      random: countingRandom(),
      clock: options.clock ?? virtualClock(),
      ...(options.downloads === undefined ? {} : { downloads: options.downloads }),
    });
  }

  async serve(handlers: Handlers, windows?: ReceiveWindows): Promise<{ address: string; stop(): Promise<void> }> {
    const { server } = createWideServer(serverSettings, windows);
    for (const [name, methods] of Object.entries(handlers)) {
      const { service } = loaded.concordat.v1[name as keyof Handlers];
      server.addService(service as unknown as ServiceDefinition, methods);
    }
    const front = await openTlsFront({
      server,
      host: '127.0.0.1',
      port: 0,
      certificatePem: this.server.certificatePem + this.authority.certificatePem,
      privateKeyPem: this.server.privateKeyPem,
      authorityPem: this.authority.certificatePem,
    });
    const stop = async () => {
      await front.close(0);
      server.forceShutdown();
    };
    return { address: `localhost:${front.port}`, stop };
  }
}

/** A status with our envelope, as handlers answer with. */
export function failure(error: unknown): Partial<StatusObject> {
  const { code, details, envelope } = errorToWire(error);
  const metadata = new Metadata();
  metadata.set(errorTrailer, Buffer.from(envelope));
  return { code, details, metadata };
}

/** Time passes only in `sleep`, and at once; timers fire when a test says so. */
export function virtualClock(): Clock & { readonly slept: number[]; fire(withinMillis?: number): void } {
  let now = 0;
  const slept: number[] = [];
  const timers = new Map<() => void, number>();
  return {
    slept,
    monotonicMillis: () => now,
    after(millis, fire) {
      timers.set(fire, millis);
      return () => timers.delete(fire);
    },
    fire(withinMillis = Number.POSITIVE_INFINITY) {
      for (const [timer, millis] of [...timers]) {
        if (millis > withinMillis) continue;
        timers.delete(timer);
        timer();
      }
    },
    async sleep(millis) {
      now += millis;
      slept.push(millis);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Bytes 1, 2, 3, … over all calls: never twice the same, always the same run. */
export function countingRandom(): Random {
  let next = 0;
  return { bytes: (length) => Uint8Array.from({ length }, () => ++next & 0xff) };
}

export function ready(round: number, fill = 7): Extract<ParticipantMessage, { type: 'ready' }> {
  return { type: 'ready', round, baseModelHash: new Uint8Array(32).fill(fill) };
}

/** The error a promise rejects with, as its code and rule. */
export async function failureOf(work: Promise<unknown>): Promise<{ code: string; rule: unknown; error: Error }> {
  try {
    await work;
  } catch (error) {
    const { code = 'not ours', detail } = error as { code?: string; detail?: { rule?: string } };
    return { code, rule: detail?.rule, error: error as Error };
  }
  throw new Error('nothing was refused');
}
