import type { FederatedError } from '../../errors.js';
import type { OwnSession } from '../../secagg/check/own-session.js';
import type { Layout } from '../../secagg/layout.js';
import type { MaskKey } from '../../secagg/masking.js';
import type { ParticipantPorts, ParticipantRecord } from '../../secagg/participant/contract.js';
import type { Finding } from '../../secagg/participant/verdict.js';
import type { RosterView } from '../../secagg/roster-view.js';
import type { CoordinatorMessage, ParticipantMessage, RoundKind, Signed, Verdict } from '../../wire/messages.js';
import type { Plan } from '../plan.js';

export type ParticipationPorts = ParticipantPorts;

export interface ParticipationOptions {
  readonly participantId: string;
  /** Policy: uploads allowed on one base model, each with an update trained afresh; ≥ 1, default 3. */
  readonly contributionsPerBase?: number;
  /** Records journalled before a restart, oldest first, of every run. They hold what may never happen twice. */
  readonly records?: readonly ParticipationRecord[];
}

/** Facts at one participant, durable before any later effect. Never a secret, never a count of records. */
export type ParticipationRecord =
  | {
      readonly type: 'approved';
      readonly runId: string;
      readonly planHash: Uint8Array;
      readonly rosterHash: Uint8Array;
    }
  | {
      readonly type: 'refused';
      readonly runId: string;
      readonly round: number;
      readonly code: string;
      readonly rule: string;
      readonly message: string;
    }
  /** A session of this round was entered: this one may be gone on with after a restart, no other for a round up to it, ever. */
  | {
      readonly type: 'session-entered';
      readonly runId: string;
      readonly round: number;
      readonly kind: RoundKind;
      readonly baseModelHash: Uint8Array;
    }
  | { readonly type: 'session'; readonly runId: string; readonly round: number; readonly record: ParticipantRecord }
  /** Written before the first uploaded byte: the update is bound to this session. */
  | {
      readonly type: 'contributed';
      readonly runId: string;
      readonly round: number;
      readonly baseModelHash: Uint8Array;
      readonly metrics: boolean;
    }
  /** Written before a survivors statement leaves: no further contribution on this base model, unless the session is aborted. */
  | { readonly type: 'base-signed'; readonly runId: string; readonly round: number; readonly baseModelHash: Uint8Array }
  /** Never gone on with: no upload and no survivors statement there any more. */
  | { readonly type: 'session-left'; readonly runId: string; readonly round: number }
  /**
   * Written by `recover` when the journal was lost: what receipts prove, and everything it may have led to. No round up to
   * these is entered, every base model counts as signed and its metrics as sent.
   */
  | {
      readonly type: 'recovered';
      /** Last round of each run. */
      readonly rounds: readonly { readonly runId: string; readonly round: number }[];
      readonly bases: readonly { readonly runId: string; readonly baseModelHash: Uint8Array }[];
    };

/** What the approved plan and the bytes in hand say; answer to `consider-plan`. */
export interface ApprovedRun {
  readonly runId: string;
  readonly plan: Plan;
  readonly planHash: Uint8Array;
  readonly rosterHash: Uint8Array;
  /** Participants of the approved roster epoch, this one included. */
  readonly roster: RosterView;
  /** Members whose fingerprint the policy lists; absent when it lists none. */
  readonly listed?: ReadonlySet<string>;
  /** Ed25519 key of the coordinator, from the roster. */
  readonly coordinatorKey: Uint8Array;
  /** The approval, signed by the participant; see `signApproval`. */
  readonly approval: Signed;
}

/** `now`: milliseconds of a monotonic clock. */
export type ParticipationEvent = { readonly now: number } /** The stream to the coordinator is open (again). */ & (
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  | { readonly type: 'message'; readonly message: CoordinatorMessage }
  | { readonly type: 'plan-approved'; readonly run: ApprovedRun }
  | {
      readonly type: 'plan-refused';
      readonly runId: string;
      readonly planHash: Uint8Array;
      readonly error: FederatedError;
      /** false: the coordinator hears code and rule alone. */
      readonly quote?: boolean;
    }
  /** Answer to `train`: the delta is in hand. */
  | { readonly type: 'trained'; readonly round: number }
  /** Answer to `prepare-update`: lanes are encoded and finite. */
  | { readonly type: 'prepared'; readonly round: number }
  /** `train`, `prepare-update`, `seal-root`, `open-root`, `mask` or `upload` could not be done. */
  | { readonly type: 'failed'; readonly round: number; readonly error: FederatedError }
  /** Answer to `seal-root` or `open-root`. The machine owns `root` until `erase`. */
  | { readonly type: 'root-sealed'; readonly round: number; readonly root: Uint8Array }
  /** Answer to `mask`: the masked vector is durable in the spool. */
  | { readonly type: 'masked'; readonly round: number; readonly lengthBytes: number; readonly merkleRoot: Uint8Array }
  /** Answer to `upload`: the coordinator's receipt. */
  | { readonly type: 'uploaded'; readonly round: number; readonly receipt: Signed }
  /** The coordinator answered a `send` with an error that a repetition does not cure. */
  | { readonly type: 'rejected'; readonly round: number; readonly error: FederatedError }
  /**
   * Answer to `check-result`: the sum, or the chunks of it that were chosen, was computed anew. With `wrong` comes what did not hold;
   * nothing that a repetition could cure is ever a finding.
   */
  | {
      readonly type: 'result-checked';
      readonly runId: string;
      readonly round: number;
      readonly finding: Finding;
      readonly error?: FederatedError;
    }
  /** Answer to `check-result`, and to `tell-verdict`: told, or nothing to tell any more (`settled`); or not now (`postponed`). */
  | { readonly type: 'result-settled' | 'result-postponed'; readonly runId: string; readonly round: number }
  | { readonly type: 'timer'; readonly name: string }
  /** Leave: declines what is open, erases secrets. */
  | { readonly type: 'stop' }
);

/** Run in list order; `journal` is durable before any later effect. */
export type ParticipationEffect =
  | { readonly type: 'journal'; readonly record: ParticipationRecord }
  /** Unary and idempotent; repeat it while the connection is down. Never an upload header. */
  | { readonly type: 'send'; readonly message: ParticipantMessage }
  /** Fetch plan and roster by digest, verify, ask the policy; answer `plan-approved` or `plan-refused`. */
  | {
      readonly type: 'consider-plan';
      readonly runId: string;
      readonly planHash: Uint8Array;
      readonly rosterHash: Uint8Array;
    }
  /**
   * Fetch the model of this hash, verify, measure the metrics of the model received, and train unless the round only evaluates; answer
   * `trained` or `failed`.
   */
  | {
      readonly type: 'train';
      readonly round: number;
      readonly kind: RoundKind;
      readonly modelVersion: number;
      readonly baseModelHash: Uint8Array;
      readonly readyMillis: number;
    }
  /** The result is of no use any more: stop when convenient. A late answer is ignored. */
  | { readonly type: 'stop-training'; readonly round: number }
  /**
   * Clip, weigh, quantize (`encodeUpdate`), or encode the metrics alone (`encodeEvaluation`); metric lanes only if `metrics`, else
   * zeros. Answer `prepared` or `failed`.
   */
  | {
      readonly type: 'prepare-update';
      readonly round: number;
      readonly kind: RoundKind;
      readonly baseModelHash: Uint8Array;
      readonly metrics: boolean;
    }
  /** Draw 32 random bytes, seal them under (run, round), fsync, answer `root-sealed`. Never two roots for one round. */
  | { readonly type: 'seal-root'; readonly round: number }
  /** After a restart: open the root that was sealed under (run, round), answer `root-sealed`, or `failed` when there is none. */
  | { readonly type: 'open-root'; readonly round: number }
  /** Pack the prepared lanes by `layout`, add every keystream, spool with fsync, answer `masked`. Wipe the keys after use. */
  | {
      readonly type: 'mask';
      readonly round: number;
      readonly sid2: Uint8Array;
      readonly maskKeys: readonly MaskKey[];
      readonly layout: Layout;
    }
  /** Send the signed header and the spooled vector, from its first byte if it has to be repeated; answer `uploaded` or `failed`. */
  | { readonly type: 'upload'; readonly round: number; readonly header: Signed }
  /** Destroy the sealed root and the spool of this round; `runId` may be an earlier run's, after a restart. */
  | { readonly type: 'erase'; readonly runId: string; readonly round: number }
  /** The update in hand was used or is stale: forget delta and lanes. */
  | { readonly type: 'discard-update' }
  /** A refusal by the protocol or the policy, for the egress log. The coordinator is told by a `send`, when there is something to tell. */
  | { readonly type: 'refuse'; readonly round: number; readonly error: FederatedError }
  /**
   * Ask for the transcript of a session that is over, check it against `own`, compute chunks of the sum anew and compare, with low
   * priority; answer `result-checked`, `result-settled` when there is nothing to check, or `result-postponed`.
   */
  | {
      readonly type: 'check-result';
      readonly runId: string;
      readonly round: number;
      readonly own: OwnSession;
      /** The model that was published with it, when that is known. */
      readonly published?: { readonly modelHash: Uint8Array };
    }
  /** Bring the verdict to the coordinator; answer `result-settled` or `result-postponed`. With `error`, stop then, with that error. */
  | {
      readonly type: 'tell-verdict';
      readonly runId: string;
      readonly round: number;
      readonly sid2: Uint8Array;
      readonly verdict: Verdict;
      readonly error?: FederatedError;
    }
  | { readonly type: 'set-timer'; readonly name: string; readonly afterMillis: number }
  | { readonly type: 'cancel-timer'; readonly name: string }
  | { readonly type: 'report'; readonly progress: ParticipationProgress };

/** For the embedding program. Nothing depends on it. */
export type ParticipationProgress =
  | { readonly type: 'connected' | 'disconnected' }
  | {
      readonly type: 'plan';
      readonly runId: string;
      readonly decision: 'considering' | 'approved' | 'refused';
      readonly reason: string;
    }
  | { readonly type: 'training' | 'measuring' | 'ready' | 'masking' | 'uploading'; readonly round: number }
  | { readonly type: 'session'; readonly round: number; readonly step: string; readonly cohort: number }
  | { readonly type: 'contributed'; readonly round: number; readonly included: boolean }
  /** The sum of this round was computed anew and found right; the result is signed. */
  | { readonly type: 'verified'; readonly runId: string; readonly round: number; readonly resultHash: Uint8Array }
  | {
      readonly type: 'waiting';
      readonly round: number;
      readonly step: string;
      readonly awaited: readonly string[];
      readonly remainingMillis: number;
      readonly then: string;
    }
  | { readonly type: 'sitting-out'; readonly round: number; readonly reason: string }
  /** No round begins until somebody acts at the coordinator. */
  | { readonly type: 'paused'; readonly reason: string }
  | { readonly type: 'abandoned'; readonly round: number; readonly reason: string; readonly retry: boolean }
  | {
      readonly type: 'published';
      readonly round: number;
      readonly modelVersion: number;
      readonly modelHash: Uint8Array;
      readonly survivors: number;
    }
  | {
      readonly type: 'finished';
      readonly outcome: 'completed' | 'aborted';
      readonly reason: string;
      readonly modelVersion: number;
      readonly modelHash: Uint8Array;
    };
