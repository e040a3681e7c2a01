import {
  type CryptoPort,
  type FederatedError,
  type ParticipationEffect,
  type Plan,
  type Random,
  rosterView,
  toHex,
  type Verdict,
} from '@concordat/core';
import type { Clock } from '@concordat/node';
import type { EgressLog } from '../egress/egress-log.js';
import type { KeyStore } from '../keys/key-store.js';
import type { Connection } from '../transport/connection.js';
import { isTransient } from '../transport/failures.js';
import { asFederated } from './as-federated.js';
import { checkResult, type ResultCheck, type ResultCheckPorts } from './result-check.js';

type Effect<T extends ParticipationEffect['type']> = Extract<ParticipationEffect, { type: T }>;

/** What became of a check, or of a verdict that was told; an event of the participation machine. */
export type CheckOutcome =
  | ({ readonly type: 'result-checked' } & Pick<ResultCheck, 'finding' | 'error'> & Place)
  | ({ readonly type: 'result-settled' | 'result-postponed' } & Place);

interface Place {
  readonly runId: string;
  readonly round: number;
}

export interface ResultChecksParts {
  readonly connection: Connection;
  readonly crypto: CryptoPort;
  readonly kernels: ResultCheckPorts['kernels'];
  readonly random: Random;
  readonly egress: EgressLog;
  readonly clock: Clock;
  /** Keys of the coordinator and of the members, as of now. */
  readonly identities: () => Pick<ResultCheckPorts, 'coordinatorKey' | 'publicKeys'>;
  /** The approved plan of a run, if it is at hand. */
  readonly planOf: (runId: string) => Plan | undefined;
  readonly signal: AbortSignal;
  readonly post: (outcome: CheckOutcome) => void;
  /** Something about it did not go well, and nothing follows from that now. */
  readonly onTrouble: (round: number, what: string, error: FederatedError) => void;
  /** A sum is disputed, and that was told as well as could be. */
  readonly onDisputed: (error: FederatedError) => void;
}

/** A dispute is told before the client stops, if the coordinator takes it in this time. */
const disputeMillis = 10_000;

/** Checks sums and tells verdicts, one after another, beside the rounds. */
export class ResultChecks {
  readonly #parts: ResultChecksParts;
  /** `run/round`, until it is settled or postponed. */
  readonly #open = new Set<string>();
  #last: Promise<void> = Promise.resolve();
  #idle: (() => void)[] = [];

  constructor(parts: ResultChecksParts) {
    this.#parts = parts;
  }

  /** Resolves when nothing is being checked or told, at the latest after `millis`. */
  async idle(millis: number): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#parts.clock.after(millis, resolve);
      this.#idle.push(() => {
        cancel();
        resolve();
      });
    });
  }

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** @returns settles with what it did; never rejects. */
  check(effect: Effect<'check-result'>): Promise<void> {
    return this.#next(effect, () => this.#check(effect));
  }

  /** @returns settles when the coordinator has it, or could not be told now. */
  tell(effect: Effect<'tell-verdict'>): Promise<void> {
    return this.#next(effect, () => this.#tell(effect));
  }

  #next(place: Place, work: () => Promise<void>): Promise<void> {
    this.#open.add(`${place.runId}/${place.round}`);
    this.#last = this.#last.then(work);
    return this.#last;
  }

  async #check({ runId, round, own, published }: Effect<'check-result'>): Promise<void> {
    const { connection, crypto, kernels, random, identities, planOf, signal, post } = this.#parts;
    try {
      const plan = planOf(runId);
      const { finding, error } = await checkResult(
        { connection, crypto, kernels, random, ...identities() },
        {
          runId,
          round,
          own,
          signal,
          ...(plan === undefined ? {} : { plan }),
          ...(published === undefined ? {} : { published }),
        },
      );
      post({ type: 'result-checked', runId, round, finding, ...(error === undefined ? {} : { error }) });
    } catch (cause) {
      const error = asFederated(cause);
      // Nothing is kept of it, or nothing of ours is in it: that does not change any more.
      const nothing = error.code === 'refused';
      if (!nothing && !signal.aborted) this.#parts.onTrouble(round, 'check', error);
      this.#end({ type: nothing ? 'result-settled' : 'result-postponed', runId, round });
    }
  }

  async #tell({ runId, round, sid2, verdict, error: disputed }: Effect<'tell-verdict'>): Promise<void> {
    const { connection, signal, onTrouble, onDisputed } = this.#parts;
    try {
      await this.#note({ runId, round }, verdict);
      const limits = { signal, ...(disputed === undefined ? {} : { deadlineMillis: disputeMillis }) };
      await connection.sendVerdict({ runId, round, sid2 }, verdict, limits);
      this.#end({ type: 'result-settled', runId, round });
    } catch (cause) {
      const error = asFederated(cause);
      if (!signal.aborted) onTrouble(round, verdict.kind, error);
      this.#end({ type: isTransient(error) ? 'result-postponed' : 'result-settled', runId, round });
    }
    if (disputed !== undefined) onDisputed(disputed);
  }

  #note(place: Place, { kind, statement }: Verdict): Promise<void> {
    const digest = toHex(this.#parts.crypto.sha256(statement.body));
    const bytes = statement.body.length + statement.signature.length;
    return this.#parts.egress.note({ ...place, kind, bytes, digest, masked: false });
  }

  #end(outcome: Exclude<CheckOutcome, { type: 'result-checked' }>): void {
    this.#parts.post(outcome);
    this.#open.delete(`${outcome.runId}/${outcome.round}`);
    if (this.#open.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** Keys of the roster that is held here. */
export function identitiesOf(
  keys: Pick<KeyStore, 'roster'>,
  now: number,
): Pick<ResultCheckPorts, 'coordinatorKey' | 'publicKeys'> {
  const { roster } = keys.roster;
  const members = rosterView(roster, now);
  return {
    coordinatorKey: roster.coordinatorKey,
    publicKeys: new Map([...members].map(([participant, { publicKey }]) => [participant, publicKey])),
  };
}
