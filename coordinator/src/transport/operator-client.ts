import { createHash } from 'node:crypto';
import { bounds, decodePlan, FederatedError, type Plan, type Signed } from '@concordat/core';
import { channelSettings, type Transport, tlsTransport } from '@concordat/node';
import {
  chunkToWire,
  correlationHeader,
  errorFromWire,
  errorTrailer,
  type SignedRosterFrame,
  signedFromWire,
  signedRosterFromWire,
  type wire,
} from '@concordat/proto';
import * as grpc from '@grpc/grpc-js';
import type { MembershipChange } from '../enrolment/enrolment.js';
import type { RoundStory } from '../explain/round-story.js';
import type { SequencedEvent } from '../run/progress.js';
import type { CoordinatorStatus } from '../status.js';
import type { EventHead } from '../store/journal-reader.js';
import { loadServices } from './load-services.js';

export interface OperatorClientOptions {
  /** host:port of the coordinator. */
  readonly address: string;
  /** PEM: the consortium's TLS authority, the operator's certificate and its key. */
  readonly authorityPem: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** Sent with every call; the coordinator writes it beside an error of that call. */
  readonly correlationId?: string | undefined;
  /** For each unary call. */
  readonly deadlineMillis?: number;
  /** Mutual TLS unless said. */
  readonly transport?: Transport;
}

/** One row of `coordinator participants`. */
export interface ParticipantRow {
  readonly participant: string;
  readonly organization: string;
  /** invited | pending | admitted | suspended */
  readonly state: string;
  readonly fingerprint: string;
  readonly connected: boolean;
  readonly invitationExpiresMillis: number;
}

type Method<Request, Reply> = (
  request: Request,
  options: grpc.CallOptions,
  callback: (error: grpc.ServiceError | null, reply?: Reply) => void,
) => unknown;

/** What an operator does at a distance, over mutual TLS with the operator's certificate. */
export class OperatorClient {
  readonly #options: OperatorClientOptions;
  /** One connection for all services. */
  readonly #line: grpc.ChannelInterface;
  readonly #channel: {
    readonly membership: wire.MembershipClient;
    readonly plans: wire.PlansClient;
    readonly blobs: wire.BlobsClient;
    readonly runs: wire.RunsClient;
    readonly health: wire.HealthClient;
  };

  constructor(options: OperatorClientOptions) {
    this.#options = options;
    const { address, correlationId, transport = tlsTransport } = options;
    const headers = correlationId === undefined ? {} : { [correlationHeader]: correlationId };
    const services = loadServices();
    this.#line = transport.channel(address, { ...options, headers }, channelSettings);
    const shared = [address, grpc.credentials.createInsecure(), { channelOverride: this.#line }] as const;
    this.#channel = {
      membership: new services.Membership(...shared),
      plans: new services.Plans(...shared),
      blobs: new services.Blobs(...shared),
      runs: new services.Runs(...shared),
      health: new services.Health(...shared),
    };
  }

  /** @returns the invitation file's bytes; they contain the one-time secret. */
  async invite(participant: string, organization: string, validMillis: number): Promise<Uint8Array> {
    const { membership } = this.#channel;
    const request = { participantId: participant, organization, validMillis };
    const reply = await this.#call<wire.InviteRequest, wire.InviteReply__Output>(
      membership.Invite.bind(membership),
      request,
    );
    return new Uint8Array(reply.invitation);
  }

  async participants(): Promise<ParticipantRow[]> {
    const { membership } = this.#channel;
    const reply = await this.#call<wire.ParticipantsRequest, wire.ParticipantsReply__Output>(
      membership.Participants.bind(membership),
      {},
    );
    return reply.participants.map(({ participantId, ...row }) => ({ participant: participantId, ...row }));
  }

  /** @returns the roster epoch that names the new participant. */
  async admit(participant: string, fingerprint: string): Promise<SignedRosterFrame> {
    const { membership } = this.#channel;
    const request = { participantId: participant, fingerprint };
    const reply = await this.#call<wire.AdmitRequest, wire.RosterReply__Output>(
      membership.Admit.bind(membership),
      request,
    );
    return signedRosterFromWire(reply.roster);
  }

  /** Suspend, reinstate, revoke or extend a participant. @returns the roster epoch that follows. */
  async changeMembership(participant: string, change: MembershipChange): Promise<SignedRosterFrame> {
    const { membership } = this.#channel;
    const reply = await this.#call<wire.ChangeRequest, wire.RosterReply__Output>(membership.Change.bind(membership), {
      participantId: participant,
      change,
    });
    return signedRosterFromWire(reply.roster);
  }

  /** @param request PKCS #10, DER. @returns the chain for it, DER, leaf first; nothing of it is checked. */
  async renew(request: Uint8Array): Promise<Uint8Array[]> {
    const { membership } = this.#channel;
    const reply = await this.#call<wire.RenewRequest, wire.RenewReply__Output>(membership.Renew.bind(membership), {
      certificateRequest: request,
    });
    return reply.certificateChain.map((certificate) => new Uint8Array(certificate));
  }

  async roster(): Promise<SignedRosterFrame> {
    const { membership } = this.#channel;
    const reply = await this.#call<wire.RosterRequest, wire.RosterReply__Output>(
      membership.Roster.bind(membership),
      {},
    );
    return signedRosterFromWire(reply.roster);
  }

  /** @returns the plan's hash. */
  async propose(plan: Signed): Promise<Uint8Array> {
    const { plans } = this.#channel;
    const reply = await this.#call<wire.ProposeRequest, wire.ProposeReply__Output>(plans.Propose.bind(plans), { plan });
    return new Uint8Array(reply.planHash);
  }

  /**
   * A proposed plan by its digest.
   *
   * @returns the plan, and who proposed it as the coordinator says. @throws `verification` for another plan; `malformed`.
   */
  async plan(planHash: Uint8Array): Promise<{ readonly plan: Plan; readonly operator: string }> {
    const { plans } = this.#channel;
    const reply = await this.#call<wire.GetPlanRequest, wire.GetPlanReply__Output>(plans.Get.bind(plans), { planHash });
    const { body } = signedFromWire(reply.plan, bounds.planBytesMax);
    if (Buffer.compare(createHash('sha256').update(body).digest(), planHash) === 0)
      return { plan: decodePlan(body), operator: reply.operatorId };
    throw new FederatedError('verification', 'the plan is not the one of this digest', {
      fix: 'Ask whoever proposed it for the digest again.',
    });
  }

  /** @returns the SHA-256 of the stored bytes. */
  async put(bytes: Uint8Array): Promise<Uint8Array> {
    const sha256 = createHash('sha256').update(bytes).digest();
    const reply = await new Promise<wire.PutReply__Output>((resolve, reject) => {
      const call = this.#channel.blobs.Put((error, value) => {
        if (error !== null || value === undefined) reject(this.#explain(error));
        else resolve(value);
      });
      // The callback above tells what went wrong; without a listener the same error would end the process.
      call.on('error', () => undefined);
      void sendBlob(call, sha256, bytes);
    });
    return new Uint8Array(reply.sha256);
  }

  /** @throws `verification` when the bytes are not those of the digest. */
  async get(sha256: Uint8Array): Promise<Uint8Array> {
    const parts: Buffer[] = [];
    const call = this.#channel.blobs.Get({ sha256, offset: 0 });
    await this.#read<wire.BlobChunk__Output>(call, ({ chunk }) => {
      if (chunk) parts.push(Buffer.from(chunk.data));
    });
    const bytes = Buffer.concat(parts);
    if (Buffer.compare(createHash('sha256').update(bytes).digest(), sha256) === 0) return bytes;
    throw new FederatedError('verification', 'the blob was damaged on the way', { fix: 'Fetch it again.' });
  }

  async startRun(planHash: Uint8Array, runId: string): Promise<string> {
    const { runs } = this.#channel;
    const reply = await this.#call<wire.StartRunRequest, wire.StartRunReply__Output>(runs.Start.bind(runs), {
      planHash,
      runId,
    });
    return reply.runId;
  }

  /**
   * End a run; the same call again ends it at once.
   *
   * @param reason told to everybody who takes part.
   * @returns whether it is over; else members of an open session are asked to abort it first.
   */
  async endRun(runId: string, reason: string): Promise<boolean> {
    const { runs } = this.#channel;
    const request = { runId, reason };
    const reply = await this.#call<wire.EndRunRequest, wire.EndRunReply__Output>(runs.End.bind(runs), request);
    return reply.over;
  }

  /**
   * Let no other round begin.
   *
   * @param reason for everybody who watches or takes part.
   * @returns whether the run is paused already; else it will be after the round under way.
   */
  async pauseRun(runId: string, reason: string): Promise<boolean> {
    const { runs } = this.#channel;
    const request = { runId, reason };
    const reply = await this.#call<wire.PauseRunRequest, wire.PauseRunReply__Output>(runs.Pause.bind(runs), request);
    return reply.paused;
  }

  /** Go on with a run that is paused or will be. */
  async resumeRun(runId: string): Promise<void> {
    const { runs } = this.#channel;
    await this.#call<wire.ResumeRunRequest, wire.ResumeRunReply__Output>(runs.Resume.bind(runs), { runId });
  }

  /** Every event from `fromSequence` on; resolves when the run is over or the signal fires. */
  async watch(
    runId: string,
    fromSequence: number,
    onEvent: (event: SequencedEvent) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const call = this.#channel.runs.Watch({ runId, fromSequence });
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      await this.#read<wire.RunEvent__Output>(call, ({ sequence, json }) => {
        onEvent({ sequence, event: JSON.parse(json.toString('utf8')) });
      });
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  async status(): Promise<CoordinatorStatus> {
    const { runs } = this.#channel;
    const reply = await this.#call<wire.StatusRequest, wire.StatusReply__Output>(runs.Status.bind(runs), {});
    return JSON.parse(reply.json.toString('utf8')) as CoordinatorStatus;
  }

  /** What became of one round and why. @throws `invalid-argument` for a run or a round that is unknown there. */
  async explain(runId: string, round: number): Promise<RoundStory> {
    const { runs } = this.#channel;
    const request = { runId, round };
    const reply = await this.#call<wire.ExplainRequest, wire.ExplainReply__Output>(runs.Explain.bind(runs), request);
    return JSON.parse(reply.json.toString('utf8')) as RoundStory;
  }

  /** The newest events of the journal, or of one run, oldest first, without their bodies; at most 1,000. */
  async journal(most: number, runId = ''): Promise<EventHead[]> {
    const { runs } = this.#channel;
    const reply = await this.#call<wire.JournalRequest, wire.JournalReply__Output>(runs.Journal.bind(runs), {
      runId,
      most,
    });
    return JSON.parse(reply.json.toString('utf8')) as EventHead[];
  }

  close(): void {
    this.#line.close();
  }

  #call<Request, Reply>(method: Method<Request, Reply>, request: Request): Promise<Reply> {
    const deadline = Date.now() + (this.#options.deadlineMillis ?? 15_000);
    return new Promise((resolve, reject) => {
      method(request, { deadline }, (error, reply) => {
        if (error !== null || reply === undefined) reject(this.#explain(error));
        else resolve(reply);
      });
    });
  }

  #read<Message>(call: grpc.ClientReadableStream<Message>, onMessage: (message: Message) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      call.on('data', onMessage);
      call.on('end', resolve);
      call.on('error', (error: grpc.ServiceError) => reject(this.#explain(error)));
    });
  }

  #explain(error: grpc.ServiceError | null): FederatedError {
    if (error === null) return new FederatedError('internal', 'an empty answer');
    const envelope = error.metadata?.get(errorTrailer)[0];
    const known = errorFromWire({ code: error.code, details: error.details, envelope }, error);
    if (envelope !== undefined || known.code !== 'unavailable') return known;
    if (/certificate|altnames/i.test(error.details)) {
      return new FederatedError(
        'verification',
        `the server at ${this.#options.address} does not show this consortium's certificate`,
        {
          detail: { address: this.#options.address },
          fix: 'Check the address: another program or another consortium may answer there.',
          cause: error,
        },
      );
    }
    return new FederatedError('unavailable', `no coordinator answers at ${this.#options.address}`, {
      detail: { address: this.#options.address },
      fix: 'Start it: concordat coordinator start --directory DIR. If it runs, check the address in operator/operator.json.',
      cause: error,
    });
  }
}

async function sendBlob(
  call: grpc.ClientWritableStream<wire.PutFrame>,
  sha256: Uint8Array,
  bytes: Uint8Array,
): Promise<void> {
  call.write({ header: { sha256, sizeBytes: bytes.byteLength } });
  for (let at = 0; at < bytes.byteLength && !call.destroyed; at += bounds.frameBytes) {
    const chunk = chunkToWire(at, bytes.subarray(at, at + bounds.frameBytes));
    await new Promise<void>((resolve) => call.write({ chunk }, () => resolve()));
  }
  call.end();
}
