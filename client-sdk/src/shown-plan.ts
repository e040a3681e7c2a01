import {
  acceptRoster,
  type CryptoPort,
  decodePlan,
  describePlan,
  equalBytes,
  FederatedError,
  type Plan,
  toHex,
  verifyPlanSignature,
} from '@concordat/core';
import { nodeCrypto, systemClock, systemRandom } from '@concordat/node';
import { KeyStore } from './keys/key-store.js';
import { evaluatePolicy, type RuleResult } from './policy/evaluate-policy.js';
import { readPolicy } from './policy/policy.js';
import { salvageJournal } from './state/journal.js';
import { connect } from './transport/connection.js';

export interface ShowPlanOptions {
  /** The participant's directory. A client may use it meanwhile: nothing is written. */
  readonly directory: string;
  /** Its policy; without such a file the policy refuses everything. */
  readonly policyFile: string;
  /** SHA-256 of the plan; the one that was approved here last unless said. */
  readonly planHash?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly correlationId?: string | undefined;
  readonly crypto?: CryptoPort;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
}

/** A proposed plan, and what this participant's policy says to it. Nothing is approved. */
export interface ShownPlan {
  readonly plan: Plan;
  /** Hex. */
  readonly planHash: string;
  /** Operator who signed it. */
  readonly proposer: string;
  /** What it means, in sentences. */
  readonly lines: readonly string[];
  /** Of the policy, rule by rule, as they would be held against the plan now. */
  readonly rules: readonly RuleResult[];
}

/**
 * Fetch a plan by its digest, verify it, and hold the policy in the directory against it.
 *
 * @throws `invalid-argument` when no plan is named and none was approved here, or nobody proposed it; `verification` for other bytes or
 *   another signature than an operator's of the roster; `unavailable`.
 */
export async function showPlan(options: ShowPlanOptions): Promise<ShownPlan> {
  const { directory, crypto = nodeCrypto, wallMillis = Date.now, signal, correlationId } = options;
  const keys = await KeyStore.open(directory, { crypto, random: systemRandom, wallMillis });
  const { records } = await salvageJournal(directory, undefined);
  const approved = records.flatMap((record) => (record.type === 'approved' ? [record.planHash] : []));
  const planHash = options.planHash ?? approved.at(-1);
  if (planHash === undefined) {
    throw new FederatedError('invalid-argument', 'no plan was approved here yet', {
      detail: { required: 'the hash of a plan' },
      fix: 'Name one with --plan: the client prints the hash when a plan is offered, and the operator knows it.',
    });
  }
  const connection = connect({
    ...keys.enrolment,
    ...keys.tls,
    coordinatorKey: () => keys.roster.roster.coordinatorKey,
    crypto,
    random: systemRandom,
    clock: systemClock,
    ...(correlationId === undefined ? {} : { correlationId }),
  });
  try {
    const limits = { signal };
    const roster = keys.verifyRoster(await connection.getRoster(limits));
    const { plan: signed } = await connection.getPlan(planHash, limits);
    const { operatorId: proposer } = verifyPlanSignature(crypto, signed, roster.roster);
    const plan = decodePlan(signed.body);
    const policy = await readPolicy(options.policyFile);
    const additions = policy?.roster.additions ?? 'ask';
    const known = approved.length > 0 && !equalBytes(keys.roster.hash, roster.hash);
    const succession = known ? acceptRoster(crypto, keys.roster, roster, { additions }) : undefined;
    const proposal = { plan, proposer, now: wallMillis(), ...(succession === undefined ? {} : { succession }) };
    return {
      plan,
      planHash: toHex(planHash),
      proposer,
      lines: describePlan(plan),
      rules: evaluatePolicy(policy, proposal),
    };
  } finally {
    connection.close();
  }
}
