import {
  type CryptoPort,
  decodePlan,
  FederatedError,
  type Plan,
  type PlanRefusal,
  type Signed,
  verifyPlanSignature,
} from '@concordat/core';
import { nodeCrypto, systemClock, systemRandom, type Transport } from '@concordat/node';
import type { IdentitySigner } from '../keys/identity-signer.js';
import { type AcceptedRoster, KeyStore } from '../keys/key-store.js';
import { salvageJournal } from '../state/journal.js';
import { type Connection, connect } from '../transport/connection.js';

/** Which proposed plan is fetched, for whom. */
export interface ProposedPlanOptions {
  /** The participant's directory. A client may use it meanwhile: nothing is written. */
  readonly directory: string;
  /** SHA-256 of the plan; the one that was approved here last unless said. */
  readonly planHash?: Uint8Array | undefined;
  /** Another plan to compare it with; `last` is the one approved here last that is not the plan itself. */
  readonly against?: Uint8Array | 'last' | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly correlationId?: string | undefined;
  /** Where the identity key is not in the directory. */
  readonly identity?: IdentitySigner | undefined;
  readonly crypto?: CryptoPort;
  /** Mutual TLS over TCP unless said. */
  readonly transport?: Transport;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

/** A plan by its digest. */
export interface HashedPlan {
  readonly planHash: Uint8Array;
  readonly plan: Plan;
}

/** A plan as it was proposed, with the roster of today, both verified. */
export interface ProposedPlan extends HashedPlan {
  readonly keys: KeyStore;
  readonly signed: Signed;
  /** Operator who signed it. */
  readonly proposer: string;
  readonly roster: AcceptedRoster;
  /** What it was to be compared with; absent with `last` where nothing else was approved here. */
  readonly against?: HashedPlan & { readonly body: Uint8Array };
  /** Who refused it, as the coordinator says; none where the plan does not make that visible. */
  readonly refusals: readonly PlanRefusal[];
  /** Whether any plan was approved here before. */
  readonly approvedBefore: boolean;
}

/**
 * Fetch a plan and the latest roster, and verify both. Nothing is written.
 *
 * @throws `invalid-argument` when no plan is named and none was approved here, or nobody proposed it; `verification` for other bytes or
 *   another signature than an operator's of the roster; `unavailable`.
 */
export async function fetchProposedPlan(options: ProposedPlanOptions): Promise<ProposedPlan> {
  const line = await openLine(options);
  try {
    return await fetchOver(line, options);
  } finally {
    line.connection.close();
  }
}

/** A participant's keys, and a connection of its own that nothing was asked over yet. */
export interface QuestionLine {
  readonly keys: KeyStore;
  readonly connection: Connection;
}

/** Open the keys in a directory and a connection with them; close it afterwards. Nothing is dialled and nothing written. */
export async function openLine(options: Omit<ProposedPlanOptions, 'planHash' | 'against'>): Promise<QuestionLine> {
  const { directory, crypto = nodeCrypto, wallMillis = Date.now, correlationId, transport, identity } = options;
  const keys = await KeyStore.open(directory, { crypto, random: systemRandom, wallMillis, identity });
  const connection = connect({
    ...keys.enrolment,
    ...keys.tls,
    coordinatorKey: () => keys.roster.roster.coordinatorKey,
    crypto,
    random: systemRandom,
    clock: systemClock,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(transport === undefined ? {} : { transport }),
  });
  return { keys, connection };
}

/** {@link fetchProposedPlan} over a line that stays open. */
export async function fetchOver(
  { keys, connection }: QuestionLine,
  options: ProposedPlanOptions,
): Promise<ProposedPlan> {
  const { directory, crypto = nodeCrypto, signal } = options;
  const approved = await approvedPlans(directory);
  const planHash = options.planHash ?? approved.at(-1);
  if (planHash === undefined) throw noneApproved();
  const limits = { signal };
  const roster = keys.verifyRoster(await connection.getRoster(limits));
  const { plan: signed, refusals: told } = await connection.getPlan(planHash, limits);
  const { operatorId: proposer } = verifyPlanSignature(crypto, signed, roster.roster);
  const plan = decodePlan(signed.body);
  const other = options.against === 'last' ? lastOther(approved, planHash) : options.against;
  const against = other === undefined ? {} : { against: await fetchPlan(connection, other, signal) };
  const refusals = plan.approval.refusals === 'visible' ? told : [];
  const approvedBefore = approved.length > 0;
  return { keys, planHash, plan, signed, proposer, roster, refusals, approvedBefore, ...against };
}

async function approvedPlans(directory: string): Promise<readonly Uint8Array[]> {
  const { records } = await salvageJournal(directory, undefined);
  return records.flatMap((record) => (record.type === 'approved' ? [record.planHash] : []));
}

function lastOther(approved: readonly Uint8Array[], planHash: Uint8Array): Uint8Array | undefined {
  return approved.filter((one) => Buffer.compare(one, planHash) !== 0).at(-1);
}

/** Of another plan the digest alone is held to: who signed it may have left the roster. */
async function fetchPlan(connection: Connection, planHash: Uint8Array, signal: AbortSignal | undefined) {
  const { plan } = await connection.getPlan(planHash, { signal });
  return { planHash, plan: decodePlan(plan.body), body: plan.body };
}

function noneApproved(): FederatedError {
  return new FederatedError('invalid-argument', 'no plan was approved here yet', {
    detail: { required: 'the hash of a plan' },
    fix: 'Name one with --plan: the client prints the hash when a plan is offered, and the operator knows it.',
  });
}
