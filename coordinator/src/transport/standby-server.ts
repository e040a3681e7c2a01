import type { BlockList } from 'node:net';
import {
  authorizationInterceptor,
  type CallFacts,
  type CallVerdict,
  type Clock,
  createWideServer,
  openTlsFront,
  type peerOfCall,
  serverSettings,
} from '@concordat/node';
import { errorToWire, errorTrailer } from '@concordat/proto';
import { Metadata } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import { LineBudget } from '../observe/line-budget.js';
import { otherLeads } from '../store/postgres/lease.js';
import { healthService } from './health-service.js';
import { loadServices } from './load-services.js';
import { logProxyProblem } from './proxy-problem.js';
import { RefusalLog } from './refusal-log.js';

export interface StandbyServerOptions {
  readonly host: string;
  readonly port: number;
  readonly connectionsPerAddressMax?: number;
  readonly trustedProxies?: BlockList;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly authorityPem: string;
  /** host:port of the coordinator that leads; empty when nobody does. */
  readonly leader: () => string;
  readonly log: Logger;
  readonly clock: Clock;
}

export interface StandbyServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Asked by probes, before anything is known of the caller. */
const health: readonly string[] = ['/grpc.health.v1.Health/Check', '/concordat.v1.Health/Check'];
const callMillis = 10_000;
/** Answers under way get this long when it takes the lead. */
const graceMillis = 200;

/**
 * The port of a coordinator that does not lead: it tells how it is, and answers everything else with the address of the one that leads.
 * It reads no body and needs no roster.
 */
export async function openStandbyServer(options: StandbyServerOptions): Promise<StandbyServer> {
  const decide = (facts: CallFacts) => verdictOn(facts, options.leader());
  const { server } = createWideServer({ ...serverSettings, interceptors: [authorizationInterceptor(decide)] });
  const refusals = new RefusalLog(options.log, options.clock);
  const context = {
    refusals,
    state: () => 'standby' as const,
    callerOf: (_: Parameters<typeof peerOfCall>[0]) => ({ role: 'anonymous' }) as const,
  };
  const { Health, Membership, Plans, Rounds, Blobs, Results, Runs } = loadServices();
  server.addService(Health.service, healthService(context));
  // Without handlers, but known: of methods that are not, grpc-js says so itself, before anybody is asked.
  for (const { service } of [Membership, Plans, Rounds, Blobs, Results, Runs]) server.addService(service, {});
  new HealthImplementation({ '': 'NOT_SERVING' }).addToServer(server);
  const proxyLines = new LineBudget(1, options.clock);
  const front = await openTlsFront({
    ...options,
    server,
    onProxyProblem: (address, problem) => logProxyProblem(options.log, proxyLines, { address, problem }),
  });
  return {
    port: front.port,
    async close() {
      await front.close(graceMillis);
      server.forceShutdown();
    },
  };
}

function verdictOn({ method }: CallFacts, leader: string): CallVerdict {
  if (health.includes(method)) return { allow: true, deadlineMillis: callMillis };
  const { code, details, envelope } = errorToWire(otherLeads(leader));
  const metadata = new Metadata();
  metadata.set(errorTrailer, Buffer.from(envelope));
  return { allow: false, status: { code, details, metadata } };
}
