import type { BlockList } from 'node:net';
import { bounds, type CryptoPort, type ErrorCode, FederatedError } from '@concordat/core';
import {
  authorizationInterceptor,
  type CallFacts,
  type CallRefusal,
  type CallVerdict,
  type CertifiedKey,
  type Clock,
  createWideServer,
  type Garbage,
  type InProcessServer,
  LiveCalls,
  openTlsFront,
  type Peer,
  peerOfCall,
  serveInProcess,
  serverSettings,
  type TlsFront,
  type Transport,
} from '@concordat/node';
import { errorToWire, errorTrailer } from '@concordat/proto';
import { Metadata, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import type { Enrolment } from '../enrolment/enrolment.js';
import { LineBudget } from '../observe/line-budget.js';
import type { PlanDesk } from '../plan-desk.js';
import { Recurring } from '../recurring.js';
import type { RosterKeeper } from '../roster-keeper.js';
import type { ResultDesk } from '../run/results.js';
import type { Traffic } from '../run/traffic.js';
import type { RunDesk } from '../run-desk.js';
import type { CoordinatorStatus } from '../status.js';
import type { Store } from '../store/store.js';
import { Admission, type AdmissionLimits } from './admission.js';
import { authorize } from './authorization.js';
import { BlobPieces } from './blob-pieces.js';
import { blobsService } from './blobs-service.js';
import { type Caller, callerName } from './caller.js';
import { CheckInLog } from './check-in-log.js';
import type { CheckIns } from './check-ins.js';
import { healthService } from './health-service.js';
import { loadServices } from './load-services.js';
import { membershipService } from './membership-service.js';
import { plansService } from './plans-service.js';
import { logProxyProblem } from './proxy-problem.js';
import { RefusalLog } from './refusal-log.js';
import { resultsService } from './results-service.js';
import { roundsService } from './rounds-service.js';
import { runsService } from './runs-service.js';
import { SendAhead } from './send-ahead.js';

export interface CoordinatorServerOptions {
  readonly host: string;
  readonly port: number;
  readonly connectionsPerAddressMax?: number;
  readonly trustedProxies?: BlockList;
  /** false: no port is opened; calls come from this process only. */
  readonly listening: boolean;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly authorityPem: string;
  readonly consortium: string;
  readonly store: Store;
  readonly roster: RosterKeeper;
  readonly enrolment: Enrolment;
  readonly plans: PlanDesk;
  readonly runs: RunDesk;
  readonly results: ResultDesk;
  readonly checkIns: CheckIns;
  readonly traffic: Traffic;
  readonly crypto: CryptoPort;
  readonly log: Logger;
  readonly status: () => Promise<CoordinatorStatus>;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
  /** Hears the code of every call that is answered with an error. */
  readonly countRefusal?: ((code: ErrorCode) => void) | undefined;
  readonly garbage: Garbage;
  readonly admission?: AdmissionLimits | undefined;
}

export interface CoordinatorServer {
  /** 0 without a port. */
  readonly port: number;
  /** Show this certificate from the next handshake on. @throws `invalid-argument` when it is none. */
  renew(pair: CertifiedKey): void;
  /** For clients of this process. @throws `internal` when grpc-js has other internals than the tested ones. */
  inProcessTransport(): Transport;
  /** Answer `draining` from now on. */
  drain(): void;
  draining(): boolean;
  /** Accept nothing new, let calls end for at most `graceMillis`, then cut them. */
  close(graceMillis: number): Promise<void>;
}

/** Connections are looked at this often: TLS itself looks at the dates of a certificate only when a connection begins. */
const expiryMillis = 60_000;
/** From the word that somebody is cut off to the end of its connections. */
const cutMillis = 200;
/**
 * A certificate is valid from ten minutes before it was issued, to the second; an entry counts from five minutes before it was admitted. A
 * certificate that is older than that was issued for an earlier entry of the same name.
 */
const supersededMillis = 5 * 60_000 + 2_000;

/** Of models, 3 MB. */
const aheadBytesMax = 64 * bounds.chunkBytes;

/** Server-side ends of calls. Streams live as long as their round or run needs them. */
const unaryMillis = 60_000;
const transferMillis = 30 * 60_000;
const streams: ReadonlySet<string> = new Set([
  '/concordat.v1.Rounds/CheckIn',
  '/concordat.v1.Runs/Watch',
  '/grpc.health.v1.Health/Watch',
]);
const transfers: ReadonlySet<string> = new Set([
  '/concordat.v1.Blobs/Get',
  '/concordat.v1.Blobs/Put',
  '/concordat.v1.Blobs/UploadMaskedUpdate',
  '/concordat.v1.Results/Chunks',
  '/concordat.v1.Results/GroupChunks',
]);

/** Open the coordinator's one port: TLS in front, authorization before any body, then the services. In process, all but TLS. */
export async function openCoordinatorServer(options: CoordinatorServerOptions): Promise<CoordinatorServer> {
  const { roster, log, wallMillis } = options;
  const live = new LiveCalls();
  const admission = new Admission({ limits: options.admission, clock: options.clock, transfers });
  const decide = (facts: CallFacts): CallVerdict => {
    const caller = callerOfPeer(facts.peer, roster, wallMillis());
    const verdict = verdictOn(facts, caller, wallMillis());
    if (!verdict.allow) return verdict;
    const { method } = facts;
    const name = callerName(caller);
    const who = caller.role === 'anonymous' ? `address ${facts.address.replace(/:\d+$/, '')}` : name;
    const refused = admission.refuse({ method, who });
    if (refused !== undefined) return { allow: false, status: statusOfRefusal(refused) };
    return {
      ...verdict,
      admitted: (over) => admission.enter({ method, who }, over).catch(statusOfRefusal),
      ...(caller.role === 'anonymous' ? {} : { opened: (end) => live.add(name, end) }),
    };
  };
  const refusals = new RefusalLog(log, options.clock, options.countRefusal);
  const onRefused = (facts: CallFacts, metadata: Metadata, { cause }: CallRefusal) => {
    const caller = callerName(callerOfPeer(facts.peer, roster, wallMillis()));
    refusals.note(cause, { method: facts.method, caller, metadata });
  };
  const authorization = authorizationInterceptor(decide, onRefused);
  const interceptors = [authorization];
  const { server, narrow } = createWideServer({ ...serverSettings, interceptors });
  if (narrow !== undefined) log.warn(narrow);
  let draining = false;
  const context = {
    ...options,
    cutOff: (participant: string, change: string) => cutOff(participant, change),
    refusals,
    ahead: new SendAhead(aheadBytesMax),
    checkInLog: new CheckInLog(log, options.clock),
    draining: () => draining,
    callerOf: (call: Parameters<typeof peerOfCall>[0]) => callerOfPeer(peerOfCall(call), roster, wallMillis()),
  };
  const wire = loadServices();
  const add = (service: ServiceDefinition, handlers: UntypedServiceImplementation) =>
    server.addService(service, handlers);
  add(wire.Membership.service, membershipService(context));
  add(wire.Plans.service, plansService(context));
  add(wire.Rounds.service, roundsService(context));
  const { Get } = wire.Blobs.service;
  const pieces = new BlobPieces(options.store.blobs, Get.responseSerialize);
  const encoded = { ...Get, responseSerialize: (message: Buffer) => message };
  add({ ...wire.Blobs.service, Get: encoded }, blobsService({ ...context, pieces }));
  add(wire.Results.service, resultsService(context));
  add(wire.Runs.service, runsService(context));
  add(wire.Health.service, healthService({ ...context, state: () => (draining ? 'draining' : 'serving') }));
  const plaintextLines = new LineBudget(1, options.clock);
  const onPlaintext = (address: string) => {
    const more = plaintextLines.take();
    if (more === undefined) return;
    log.warn(
      { address, ...more },
      'somebody speaks without TLS: if it is a load balancer, let it pass TCP through and not end TLS; if it says first where a connection comes from, name it in listen.trustedProxies',
    );
  };
  const proxyLines = new LineBudget(1, options.clock);
  const onProxyProblem = (address: string, problem: string) => logProxyProblem(log, proxyLines, { address, problem });
  const health = new HealthImplementation({ '': 'SERVING' });
  health.addToServer(server);
  const front: TlsFront | undefined = options.listening
    ? await openTlsFront({ ...options, server, onPlaintext, onProxyProblem })
    : undefined;
  const cutOff = (participant: string, change: string) => {
    const ended = live.end(`participant ${participant}`, statusOfRefusal(membershipEnded(participant, change)));
    log.warn({ participant, change, calls: ended }, 'a participant was cut off');
    // The word why goes ahead of the end.
    options.clock.after(cutMillis, () =>
      front?.cut(
        ({ subject }) =>
          subject.id === participant && subject.role === 'participant' && roster.participant(participant) === undefined,
      ),
    );
  };
  const expiries = new Recurring(options.clock, expiryMillis, () =>
    front?.cut(({ notAfter }) => notAfter <= wallMillis()),
  );
  const { messageBytesMax } = bounds;
  let inProcess: InProcessServer | undefined;
  return {
    port: front?.port ?? 0,
    renew: (pair) => front?.renew(pair),
    inProcessTransport() {
      inProcess ??= serveInProcess({ server, interceptors, authorityPem: options.authorityPem, messageBytesMax });
      return inProcess.transport;
    },
    draining: () => draining,
    drain() {
      draining = true;
      health.setStatus('', 'NOT_SERVING');
    },
    async close(graceMillis) {
      expiries.close();
      await Promise.all([inProcess?.close(graceMillis), front?.close(graceMillis)]);
      server.forceShutdown();
    },
  };
}

/** A certificate counts until it runs out, and as long as its holder is in the current roster with the same role. */
export function callerOfPeer(
  peer: Peer | undefined,
  roster: Pick<RosterKeeper, 'participant' | 'operator'>,
  now: number,
): Caller {
  // TLS looks at the dates when a connection begins; one may stand for longer than its certificate is valid.
  if (peer === undefined || peer.notAfter <= now) return { role: 'anonymous' };
  const { role, id } = peer.subject;
  if (role === 'operator') return roster.operator(id) === undefined ? { role: 'anonymous' } : { role, id };
  const entry = roster.participant(id);
  // Of an entry that was revoked: the name was admitted again, with another key.
  if (entry !== undefined && peer.notBefore < entry.notBefore - supersededMillis) return { role: 'anonymous' };
  return entry === undefined ? { role: 'anonymous' } : { role, id, organization: entry.organization };
}

function verdictOn(facts: CallFacts, caller: Caller, now: number): CallVerdict {
  const { method } = facts;
  const verdict = authorize(method, caller.role);
  if (verdict === 'allowed') {
    if (streams.has(method)) return { allow: true };
    return { allow: true, deadlineMillis: transfers.has(method) ? transferMillis : unaryMillis };
  }
  const error = refusalOf(verdict, facts, now);
  return { allow: false, status: statusOfRefusal(error) };
}

function statusOfRefusal(error: unknown): CallRefusal {
  const { code, details, envelope } = errorToWire(error);
  const metadata = new Metadata();
  metadata.set(errorTrailer, Buffer.from(envelope));
  return { code, details, metadata, cause: error };
}

function membershipEnded(participant: string, change: string): FederatedError {
  return new FederatedError(
    'unauthenticated',
    `the operator told the coordinator to ${change} participant ${participant}`,
    {
      detail: { rule: 'membership.ended', participant },
    },
  );
}

function refusalOf(
  verdict: 'unknown-method' | 'unauthenticated' | 'permission',
  { method, peer, unverified }: CallFacts,
  now: number,
) {
  switch (verdict) {
    case 'unknown-method':
      return new FederatedError('protocol', 'no such method', { detail: { method } });
    case 'permission':
      return new FederatedError('permission', 'this certificate may not call this method', {
        detail: { method, role: peer?.subject.role ?? 'none' },
        fix: 'Use the certificate of the other role.',
      });
    case 'unauthenticated':
      if (unverified === 'CERT_NOT_YET_VALID') return notYetValid(method);
      return unauthenticated(method, unverified === 'CERT_HAS_EXPIRED' || (peer?.notAfter ?? now + 1) <= now, peer);
  }
}

function notYetValid(method: string): FederatedError {
  return new FederatedError(
    'unauthenticated',
    'the client certificate is not valid yet by the clock of the coordinator',
    {
      detail: { rule: 'certificate.not-yet-valid', method },
    },
  );
}

function unauthenticated(method: string, expired: boolean, peer: Peer | undefined): FederatedError {
  if (expired) {
    return new FederatedError('unauthenticated', 'the client certificate has expired', {
      detail: { rule: 'certificate.expired', method },
    });
  }
  return new FederatedError(
    'unauthenticated',
    peer === undefined
      ? 'this method needs a client certificate of this consortium'
      : `${peer.subject.role} ${peer.subject.id} is not in the current roster`,
    { detail: { method }, fix: 'Enrol with an invitation, or ask the operator whether the entry was admitted.' },
  );
}
