import { performance } from 'node:perf_hooks';
import {
  bounds,
  type CryptoPort,
  equalBytes,
  FederatedError,
  type ParticipantMessage,
  type PlanRefusal,
  type Random,
  type ServedChunk,
  type Signed,
  type SignedRoster,
  type Verdict,
} from '@concordat/core';
import { type Clock, nodeCrypto, type SocketBytes, systemClock, systemRandom, type Transport } from '@concordat/node';
import {
  planRefusalsFromWire,
  type ReceiptPlace,
  type ReceiptsPage,
  receiptFromWire,
  receiptsPageFromWire,
  type ShownResult,
  shownResultFromWire,
  signedFromWire,
  signedRosterFromWire,
  verdictToWire,
  type wire,
} from '@concordat/proto';
import { requireAuthority } from '../keys/key-store.js';
import { AddressList } from './address-list.js';
import { sendAnswer } from './answers.js';
import { retry } from './backoff.js';
import { continueDownload } from './blob-download.js';
import { type BlobSink, MemorySink } from './blob-sink.js';
import { type CheckInOptions, checkIn } from './check-in.js';
import type { Downloads } from './downloads.js';
import { explain, isOfClosedChannel } from './failures.js';
import { type MaskedUpload, sendMaskedUpdate } from './masked-upload.js';
import { checkReceipt, checkVerdictReceipt } from './receipts.js';
import { fetchChunks } from './results.js';
import { type ByteCounts, openServices, type Services } from './services.js';
import { callOnce, type UnaryMethod } from './unary.js';

export const software = 'concordat-client/0.1.0';

/** Whom a connection leads to, what it shows there, and what it trusts. */
export interface ConnectionOptions {
  /** host:port of the coordinator; of several that take turns, all of them with commas between. */
  readonly address: string;
  readonly consortium: string;
  readonly participantId: string;
  /** PEM of the TLS authority, and the digest pinned at enrolment: SHA-256 of its DER, hexadecimal. */
  readonly authorityPem: string;
  readonly tlsAuthoritySha256: string;
  /** PEM of the client certificate and its key; the key is secret. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** Ed25519 key of the coordinator, from the roster of the moment: receipts are checked with it. */
  readonly coordinatorKey: () => Uint8Array;
  /** Sent with every call; the coordinator writes it beside an error of that call. */
  readonly correlationId?: string | undefined;
  readonly crypto?: CryptoPort;
  readonly random?: Random;
  readonly clock?: Clock;
  /** Mutual TLS unless said. */
  readonly transport?: Transport;
  /** Where large blobs come together, so that another process can go on with them; in memory unless given. */
  readonly downloads?: Downloads;
  /** Counts what leaves by its sockets. */
  readonly sockets?: SocketBytes;
}

/** How long a call may take, and what ends it before. */
export interface CallLimits {
  /** Over all attempts; 60 s for answers, 30 min for bulk unless said. */
  readonly deadlineMillis?: number;
  readonly signal?: AbortSignal | undefined;
}

const answerMillis = 60_000;
const attemptMillis = 15_000;
const transferMillis = 30 * 60_000;
/** What may not be larger is fetched again rather than kept on the disk. */
const smallBlobBytesMax = 4 * 1024 * 1024;

/** A participant's line to its coordinator: one outbound mutual-TLS connection, opened at the first call and again when it breaks. */
export class Connection {
  #options: ConnectionOptions;
  readonly #addresses: AddressList;
  #services: Services;
  readonly #counts: ByteCounts = { uploadBytes: 0, downloadBytes: 0 };
  readonly #crypto: CryptoPort;
  readonly #random: Random;
  readonly #clock: Clock;

  /** @throws `verification` when `authorityPem` is not the pinned authority. Nothing is dialled yet. */
  constructor(options: ConnectionOptions) {
    requireAuthority(options.authorityPem, options.tlsAuthoritySha256);
    this.#options = options;
    this.#crypto = options.crypto ?? nodeCrypto;
    this.#random = options.random ?? systemRandom;
    this.#clock = options.clock ?? systemClock;
    this.#addresses = new AddressList(options.address, this.#clock);
    this.#services = this.#dial();
  }

  /** The one that is dialled now. */
  get address(): string {
    return this.#addresses.current;
  }

  /** Bytes so far: gRPC messages with their prefixes, without HTTP/2 and TLS. */
  get traffic(): Readonly<ByteCounts> {
    return { ...this.#counts };
  }

  /** Keep this client's stream open until the signal fires; see {@link checkIn}. */
  checkIn(options: CheckInOptions): Promise<void> {
    const { consortium } = this.#options;
    const ports = { consortium, software, clock: this.#clock, random: this.#random };
    return checkIn(
      {
        ...ports,
        address: () => this.address,
        rounds: () => this.#services.rounds,
        redial: () => this.#redial(),
        failed: (address, failure, tookMillis) => this.#moveOn(address, failure, tookMillis),
      },
      options,
    );
  }

  /**
   * Bring a message to the coordinator, repeated while the connection is down.
   *
   * @returns the receipt, checked. @throws `deadline` when there was no answer in time; `verification` for a wrong receipt;
   *   the coordinator's refusal; `invalid-argument` for an upload header, which goes with its vector.
   */
  async answer(runId: string, message: ParticipantMessage, limits: CallLimits = {}): Promise<Signed> {
    const receipt = await this.#repeat(limits, answerMillis, (leftMillis) => {
      const { address } = this;
      const { rounds } = this.#services;
      const deadlineMillis = Math.min(leftMillis, attemptMillis);
      return sendAnswer({ rounds, address, runId, message, deadlineMillis, signal: limits.signal });
    });
    return this.#checked(receipt, runId, message);
  }

  /**
   * Send a masked vector; when the stream breaks, go on from what the coordinator holds.
   *
   * @returns the receipt, checked. @throws as {@link answer}; `state-lost` when the file is shorter than announced.
   */
  async uploadMaskedUpdate(upload: MaskedUpload & { readonly deadlineMillis?: number }): Promise<Signed> {
    const receipt = await this.#repeat(upload, transferMillis, (left) => {
      const ports = { blobs: this.#services.blobs, address: this.address, clock: this.#clock };
      return sendMaskedUpdate(ports, upload, left);
    });
    const { runId, round, header } = upload;
    return this.#checked(receipt, runId, { type: 'session', round, frame: { type: 'upload', upload: header } });
  }

  /**
   * A model or document by its digest, resumed where it broke off, also by an earlier process if there is a place for downloads.
   *
   * @param options.maxBytes allocated at most. @throws `refused` for a larger one; `verification` for other bytes; `malformed`.
   */
  async getBlob(sha256: Uint8Array, options: CallLimits & { readonly maxBytes: number }): Promise<Uint8Array> {
    const { downloads } = this.#options;
    const { maxBytes, signal } = options;
    const fetchInto = (next: (attempt: (sink: BlobSink) => Promise<Uint8Array>) => Promise<Uint8Array>) =>
      this.#repeat(options, transferMillis, (left) =>
        next((sink) => {
          const ports = { blobs: this.#services.blobs, address: this.address };
          return continueDownload(ports, { sha256, maxBytes, signal, sink }, left);
        }),
      );
    if (downloads !== undefined && maxBytes > smallBlobBytesMax)
      return downloads.fetch({ sha256, maxBytes }, fetchInto);
    const memory = new MemorySink();
    return fetchInto((attempt) => attempt(memory));
  }

  /** A plan by its digest, which is checked; the operator's signature is the caller's to check, with the roster. */
  async getPlan(planHash: Uint8Array, limits: CallLimits = {}): Promise<ServedPlan> {
    const reply = await this.#unary<wire.GetPlanRequest, wire.GetPlanReply__Output>(
      ({ plans }) => plans.Get.bind(plans),
      { planHash },
      limits,
    );
    const plan = signedFromWire(reply.plan, bounds.planBytesMax);
    if (equalBytes(this.#crypto.sha256(plan.body), planHash))
      return { plan, operatorId: reply.operatorId, refusals: planRefusalsFromWire(reply.refusals) };
    throw new FederatedError('verification', 'the plan is not the one of this digest', {
      fix: 'Ask the operator which plan was proposed.',
    });
  }

  /** A new certificate for a PKCS #10 request. @returns DER, leaf first; nothing of it is checked. */
  async renewCertificate(request: Uint8Array, limits: CallLimits = {}): Promise<Uint8Array[]> {
    const reply = await this.#unary<wire.RenewRequest, wire.RenewReply__Output>(
      ({ membership }) => membership.Renew.bind(membership),
      { certificateRequest: request },
      limits,
    );
    return reply.certificateChain.map((certificate) => new Uint8Array(certificate));
  }

  /** Show another certificate: later calls go over a new line with it, those under way end on the old one. */
  showCertificate(tls: Pick<ConnectionOptions, 'certificatePem' | 'privateKeyPem'>): void {
    const { certificatePem, privateKeyPem } = tls;
    this.#options = { ...this.#options, certificatePem, privateKeyPem };
    this.#redial();
  }

  /** The latest roster epoch. Nothing of it is checked yet: `KeyStore.acceptRoster` does. */
  async getRoster(limits: CallLimits = {}): Promise<SignedRoster> {
    const reply = await this.#unary<wire.RosterRequest, wire.RosterReply__Output>(
      ({ membership }) => membership.Roster.bind(membership),
      {},
      limits,
    );
    return signedRosterFromWire(reply.roster);
  }

  /**
   * A page of the receipts this participant was given, none of them checked.
   *
   * @param after the last receipt of the page before.
   */
  async getReceipts(after: ReceiptPlace | undefined, limits: CallLimits = {}): Promise<ReceiptsPage> {
    const reply = await this.#unary<wire.ReceiptsRequest, wire.ReceiptsReply__Output>(
      ({ rounds }) => rounds.Receipts.bind(rounds),
      { ...after },
      limits,
    );
    return receiptsPageFromWire(reply);
  }

  /** What the coordinator says of an opened sum. Nothing of it is checked yet. */
  async showResult(sid2: Uint8Array, limits: CallLimits = {}): Promise<ShownResult> {
    const reply = await this.#unary<wire.ShowResultRequest, wire.ShowResultReply__Output>(
      ({ results }) => results.Show.bind(results),
      { sid2 },
      limits,
    );
    return shownResultFromWire(reply);
  }

  /**
   * Chunks of an opened sum and of the vectors in it, or of the sum of another group alone, as they come; asked for again from the first
   * when the stream breaks.
   *
   * @param read one attempt: takes them all. @returns what it gives.
   */
  getChunks<Result>(
    request: { readonly sid2: Uint8Array; readonly chunks: readonly number[]; readonly group?: number },
    limits: CallLimits,
    read: (chunks: AsyncIterable<ServedChunk>) => Promise<Result>,
  ): Promise<Result> {
    const { signal } = limits;
    return this.#repeat(limits, transferMillis, (deadlineMillis) => {
      const ports = { results: this.#services.results, address: this.address };
      return read(fetchChunks(ports, { ...request, signal, deadlineMillis }));
    });
  }

  /** Give the one verdict on a sum. @returns the receipt, checked. @throws as {@link answer}. */
  async sendVerdict(
    session: { readonly runId: string; readonly round: number; readonly sid2: Uint8Array },
    verdict: Verdict,
    limits: CallLimits = {},
  ): Promise<Signed> {
    const receipt = await this.#unary<wire.SignResultRequest, wire.Receipt__Output>(
      ({ results }) => results.Sign.bind(results),
      verdictToWire(session.sid2, verdict),
      limits,
    );
    const { participantId, coordinatorKey } = this.#options;
    const { runId, round } = session;
    return checkVerdictReceipt(this.#crypto, coordinatorKey(), receiptFromWire(receipt), {
      runId,
      round,
      participantId,
      verdict,
    });
  }

  /** How the coordinator does, and how far its clock is from ours. @throws `unavailable`, `deadline`. */
  async health(limits: CallLimits = {}): Promise<CoordinatorHealth> {
    const started = performance.now();
    const reply = await this.#unary<wire.HealthRequest, wire.HealthReply__Output>(
      ({ health }) => health.Check.bind(health),
      {},
      limits,
    );
    return {
      state: reply.state === 'serving' || reply.state === 'standby' ? reply.state : 'draining',
      wireVersions: reply.wireVersions.slice(0, 16),
      software: reply.software.slice(0, 200),
      roundTripMillis: performance.now() - started,
    };
  }

  /** Let go of the connection. Calls that are open end with `unavailable`. */
  close(): void {
    this.#services.close();
  }

  #dial(): Services {
    const { transport } = this.#options;
    return openServices(this.address, this.#options, this.#counts, transport);
  }

  /** Calls under way end with `unavailable` and are repeated on the new channel. */
  #redial(): void {
    this.#services.close();
    this.#services = this.#dial();
  }

  #unary<Request, Reply>(
    method: (services: Services) => UnaryMethod<Request, Reply>,
    request: Request,
    limits: CallLimits,
  ): Promise<Reply> {
    return this.#repeat(limits, answerMillis, (leftMillis) =>
      callOnce(method(this.#services), request, {
        address: this.address,
        deadlineMillis: Math.min(leftMillis, attemptMillis),
        signal: limits.signal,
      }),
    );
  }

  #repeat<Result>(limits: CallLimits, usualMillis: number, call: (left: number) => Promise<Result>): Promise<Result> {
    const { deadlineMillis = usualMillis, signal } = limits;
    return retry({ clock: this.#clock, random: this.#random, deadlineMillis, signal }, async (left) => {
      const { address } = this;
      const begun = this.#clock.monotonicMillis();
      try {
        return await call(left);
      } catch (error) {
        const failure = isOfClosedChannel(error) ? explain(error, address) : error;
        if (failure instanceof FederatedError) this.#moveOn(address, failure, this.#clock.monotonicMillis() - begun);
        throw failure;
      }
    });
  }

  #moveOn(address: string, failure: FederatedError, tookMillis: number): void {
    if (this.#addresses.failed(address, failure, tookMillis)) this.#redial();
  }

  #checked(receipt: Signed, runId: string, message: ParticipantMessage): Signed {
    const { participantId, coordinatorKey } = this.#options;
    return checkReceipt(this.#crypto, coordinatorKey(), receipt, { runId, participantId, message });
  }
}

/** A plan as it was served: the signature is the caller's to check, with the roster. */
export interface ServedPlan {
  readonly plan: Signed;
  readonly operatorId: string;
  /** Who refused it, as the coordinator says. */
  readonly refusals: readonly PlanRefusal[];
}

/** What anyone who reaches the port is told. */
export interface CoordinatorHealth {
  readonly state: 'serving' | 'draining' | 'standby';
  readonly wireVersions: readonly number[];
  readonly software: string;
  readonly roundTripMillis: number;
}

/** Open a participant's connection. @throws `verification` when `authorityPem` is not the pinned authority. */
export function connect(options: ConnectionOptions): Connection {
  return new Connection(options);
}
