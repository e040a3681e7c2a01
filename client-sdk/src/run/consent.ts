import type { FederatedError, Rule } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { Approvals, type ApprovalsParts, type AwaitedApproval, type RunTerms } from '../approval/approvals.js';
import type { EgressLog } from '../egress/egress-log.js';
import type { ClientEvent } from '../events.js';
import { roundBar } from '../policy/round-rules.js';
import { type ParticipationSwitch, whyNot } from '../state/participation-switch.js';
import { asFederated } from './as-federated.js';

/** What consent is read from, and whom it tells that it waits. */
export interface ConsentParts extends ApprovalsParts {
  /** What the organization decided by now: it may change at any time. */
  readonly readSwitch: () => Promise<ParticipationSwitch>;
  readonly egress: Pick<EgressLog, 'maskedAt'>;
  /** When updates left before this start, milliseconds since 1970. */
  readonly contributedBefore: readonly number[];
  /** Told what is waited for. */
  readonly onEvent: (event: ClientEvent) => void;
}

/** How an offer is waited with. */
export interface OfferPatience {
  /** Resolves when it is time to look again. */
  readonly pause: () => Promise<void>;
  /** Whether nobody asks any more. */
  readonly isGone: () => boolean;
}

/** How often a decision is looked for. */
const holdMillis = 1_000;

/** Wait as long as the offer is asked about. @param signal fires when the client leaves. */
export function patienceWhile(isAsked: () => boolean, clock: Pick<Clock, 'sleep'>, signal: AbortSignal): OfferPatience {
  return { pause: () => clock.sleep(holdMillis, signal), isGone: () => signal.aborted || !isAsked() };
}

interface Asked {
  readonly runId: string;
  readonly terms: RunTerms;
  /** Whether it is waited for that it may be taken part in again. */
  isAwaited: boolean;
  /** Whether it is looked for that they take it back. */
  isWatched: boolean;
}

const lapses: ReadonlySet<string> = new Set<Rule<'refused'>>([
  'approval.withdrawn',
  'approval.expired',
  'approval.missing',
]);

/** What is cured by people who approve the plan again, or by the organization that resumes. */
const curable: ReadonlySet<string> = new Set([...lapses, 'participation.paused' satisfies Rule<'refused'>]);

/** What the organization and its people want by now, looked at when a plan is offered and before every round. */
export class Consent {
  readonly #parts: ConsentParts;
  readonly #approvals: Approvals;
  /** The plan that people were asked about last. */
  #asked: Asked | undefined;

  constructor(parts: ConsentParts) {
    this.#parts = parts;
    this.#approvals = new Approvals(parts);
  }

  /** Waits while the organization has paused. @returns false when the offer is gone. @throws `refused` for a run it withdrew from. */
  async mayConsider(runId: string, { pause, isGone }: OfferPatience): Promise<boolean> {
    const { readSwitch, onEvent } = this.#parts;
    for (let isFirst = true; ; isFirst = false) {
      const decided = await readSwitch();
      const bar = whyNot(decided, runId);
      if (bar === undefined) return true;
      if (decided.paused === undefined || bar.detail.rule === 'participation.withdrawn') throw bar;
      if (isFirst) onEvent({ type: 'on-hold', runId, ...decided.paused });
      await pause();
      if (isGone()) return false;
    }
  }

  /** Waits for people where the policy asks them; see {@link Approvals.untilApproved}. */
  untilApproved(runId: string, terms: RunTerms, patience: OfferPatience): Promise<boolean> {
    if (this.#asked?.runId !== runId) this.#asked = { runId, terms, isAwaited: false, isWatched: false };
    const { onEvent } = this.#parts;
    const onAwaited = (awaited: AwaitedApproval) => onEvent({ type: 'awaiting-approval', runId, ...awaited });
    return this.#approvals.untilApproved(terms, { ...patience, onAwaited });
  }

  /**
   * Why a run is not taken part in: the organization has paused or withdrawn, or its approval does not hold; undefined when it is. What does
   * not read is a no.
   */
  async unwilling(runId: string, terms: RunTerms): Promise<FederatedError | undefined> {
    try {
      return whyNot(await this.#parts.readSwitch(), runId) ?? (await this.#approvals.bar(terms));
    } catch (error) {
      return asFederated(error);
    }
  }

  /** Waits until the approval of a run lapses. @returns undefined when somebody waits already, or nobody asks any more. */
  async untilLapsed(runId: string, wait: OfferPatience): Promise<FederatedError | undefined> {
    const asked = this.#asked;
    if (asked?.runId !== runId || asked.isWatched) return undefined;
    asked.isWatched = true;
    try {
      while (!wait.isGone()) {
        const lapse = await this.#lapse(asked.terms);
        if (lapses.has(String(lapse?.detail.rule))) return lapse;
        await wait.pause();
      }
      return undefined;
    } finally {
      asked.isWatched = false;
    }
  }

  /**
   * Waits until the organization takes part in a run again: it has not paused, and the approval holds.
   *
   * @param why the run is not taken part in: what neither an approval nor a resumption cures is not waited for.
   * @returns the offer that is to be answered anew; undefined when there is none, somebody waits already, nobody asks any more, or it
   *   withdrew from the run, which is for ever.
   */
  async untilWillingAgain(
    runId: string,
    why: FederatedError,
    wait: OfferPatience,
  ): Promise<Pick<RunTerms, 'planHash' | 'rosterHash'> | undefined> {
    const asked = this.#asked;
    if (asked?.runId !== runId || asked.isAwaited || !curable.has(String(why.detail.rule))) return undefined;
    asked.isAwaited = true;
    try {
      const { planHash, rosterHash } = asked.terms;
      for (;;) {
        await wait.pause();
        if (wait.isGone()) return undefined;
        const bar = await this.unwilling(runId, asked.terms);
        if (bar === undefined) return { planHash, rosterHash };
        if (bar.detail.rule === 'participation.withdrawn') return undefined;
      }
    } finally {
      asked.isAwaited = false;
    }
  }

  /** Why the next round of a run is not entered; undefined when it may be. What does not read is a no. */
  async bar(runId: string, terms: RunTerms): Promise<FederatedError | undefined> {
    const { policy, wallMillis, egress, contributedBefore } = this.#parts;
    const unwilling = await this.unwilling(runId, terms);
    return unwilling ?? (policy && roundBar(policy.rounds, wallMillis(), [...contributedBefore, ...egress.maskedAt]));
  }

  /** Why the approval of a run does not hold; undefined when it does. What does not read is a no. */
  async #lapse(terms: RunTerms): Promise<FederatedError | undefined> {
    try {
      return await this.#approvals.bar(terms);
    } catch (error) {
      return asFederated(error);
    }
  }
}
