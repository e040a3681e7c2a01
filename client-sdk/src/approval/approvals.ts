import { type FederatedError, type Plan, toHex } from '@concordat/core';
import type { KeyStore } from '../keys/key-store.js';
import type { Policy } from '../policy/policy.js';
import { type DecisionPlace, readDecisions } from './decisions.js';
import { type PlanStanding, roleText, standingOf, whyNotApproved } from './standing.js';

/** A plan with the roster it is run with. */
export interface RunTerms {
  readonly plan: Pick<Plan, 'approval'>;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
}

/** What the approvals of a participant work with. */
export interface ApprovalsParts {
  readonly keys: KeyStore;
  readonly policy: Policy | undefined;
  readonly crypto: DecisionPlace['crypto'];
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
}

/** Who is awaited, for an event. */
export interface AwaitedApproval {
  /** Hexadecimal. */
  readonly planHash: string;
  /** Role and where it stands: `dpo: has not approved`. */
  readonly awaited: readonly string[];
  /** Until when the plan can be approved, ISO 8601. */
  readonly until: string;
}

/** What people decided on plans, as the directory says at each moment: commands write there while a client runs. */
export class Approvals {
  readonly #parts: ApprovalsParts;

  constructor(parts: ApprovalsParts) {
    this.#parts = parts;
  }

  /** @throws `state-lost` when a decision on the plan does not read. */
  async standing({ plan, planHash, rosterHash }: RunTerms): Promise<PlanStanding> {
    const { keys, policy, crypto, wallMillis } = this.#parts;
    const { consortium, participantId } = keys.enrolment;
    const decisions = await readDecisions({ directory: keys.directory, consortium, participantId, crypto }, planHash);
    const { identityKey } = keys;
    // Without a policy everything was refused before.
    const asked = policy ?? { approval: 'manual' as const };
    return standingOf({ policy: asked, identityKey, plan, rosterHash, decisions, now: wallMillis() });
  }

  /** Why the next round may not be taken part in; undefined when it may. @throws `state-lost`. */
  async bar(terms: RunTerms): Promise<FederatedError | undefined> {
    return whyNotApproved(await this.standing(terms), this.#parts.wallMillis());
  }

  /**
   * Look until everybody has approved who has to.
   *
   * @param wait.pause between two looks. @param wait.isGone whether nobody asks any more. @param wait.onAwaited told when what is awaited
   *   changes.
   * @returns false when nobody asks any more.
   * @throws `refused` `approval.withdrawn` when somebody said no; `approval.missing` when the plan ran out meanwhile; `state-lost`.
   */
  async untilApproved(
    terms: RunTerms,
    wait: {
      readonly pause: () => Promise<void>;
      readonly isGone: () => boolean;
      readonly onAwaited: (awaited: AwaitedApproval) => void;
    },
  ): Promise<boolean> {
    const planExpires = Date.parse(terms.plan.approval.expires);
    let told = '';
    while (!wait.isGone()) {
      const standing = await this.standing(terms);
      const now = this.#parts.wallMillis();
      const bar = whyNotApproved(standing, now);
      if (bar === undefined) return true;
      if (bar.detail.rule === 'approval.withdrawn' || now >= planExpires) throw bar;
      const awaited = standing.roles.filter(({ state }) => state !== 'approved').map(roleText);
      const text = awaited.join();
      if (text !== told) {
        wait.onAwaited({ planHash: toHex(terms.planHash), awaited, until: terms.plan.approval.expires });
        told = text;
      }
      await wait.pause();
    }
    return false;
  }
}
