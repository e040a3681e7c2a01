import type { FederatedError } from '../../errors.js';
import type { Random } from '../../random.js';
import type {
  AggregatorPorts,
  AggregatorRecord,
  SessionAnswer,
  SessionStep,
  SumOrder,
} from '../../secagg/aggregator/contract.js';
import type { RosterView } from '../../secagg/roster-view.js';
import type { MeanMetric } from '../../update/decode.js';
import type { CoordinatorMessage, ParticipantMessage, RoundKind, Signed } from '../../wire/messages.js';
import type { Plan } from '../plan.js';

/** What the coordination machine needs from its runner. */
export interface CoordinationPorts extends AggregatorPorts {
  /** Draws the cohort and the session nonce; a CSPRNG in production, seeded in tests. */
  readonly random: Random;
}

export interface CoordinationOptions {
  readonly runId: string;
  readonly plan: Plan;
  /** SHA-256 of the canonical plan. */
  readonly planHash: Uint8Array;
  /** SHA-256 of the roster epoch the run is held to. */
  readonly rosterHash: Uint8Array;
  /** Members with role participant; only they are ever chosen or awaited. */
  readonly roster: RosterView;
  /** Records journalled before a restart, oldest first. `start` goes on where they end. */
  readonly records?: readonly CoordinationRecord[];
}

/** Phases of a round in order; the six in the middle are the secure-aggregation session. */
export const roundPhases = [
  'select',
  'train',
  'advertise',
  'share',
  'confirm',
  'upload',
  'certify',
  'reveal',
  'aggregate',
  'publish',
] as const satisfies readonly ('select' | 'train' | SessionStep | 'aggregate' | 'publish')[];

export type RoundPhase = (typeof roundPhases)[number];

/** A member of the cohort that was lost, and where. Bytes are of its masked vector; 0 outside `upload`. */
export interface RoundDropout {
  readonly participant: string;
  readonly step: RoundPhase;
  readonly reason: string;
  readonly bytesReceived: number;
  readonly bytesExpected: number;
}

/** How one of several groups of a round went. */
export interface RoundGroup {
  /** Who was invited to its session, sorted. */
  readonly members: readonly string[];
  /** Whose updates are in its sum. */
  readonly survivors: readonly string[];
  readonly outcome:
    | { readonly type: 'opened' }
    | { readonly type: 'abandoned'; readonly phase: RoundPhase; readonly reason: string };
}

/** How one round went. */
export interface RoundRecord {
  readonly round: number;
  readonly kind: RoundKind;
  /** Model version the cohort trained from. */
  readonly baseModelVersion: number;
  /** Chosen in `select`, sorted. */
  readonly cohort: readonly string[];
  /** Whose updates are in the sum (U3). */
  readonly survivors: readonly string[];
  readonly dropped: readonly RoundDropout[];
  /** Dealers without an upload whose masks were taken out of the sum. */
  readonly recovered: readonly string[];
  /** One for each secure group, where there were several; the coordinator saw the sum of each that is opened. */
  readonly groups?: readonly RoundGroup[];
  /** Milliseconds spent in each phase that was entered: of several groups, the slowest counts. */
  readonly phases: Readonly<Partial<Record<RoundPhase, number>>>;
  /** Of the model received, over the participants that sent metrics; empty unless a sum was opened. */
  readonly metrics: readonly MeanMetric[];
  /** Model lanes of the opened sum that were clipped after the rotation, over all survivors; absent without one. */
  readonly excess?: number;
  readonly outcome:
    | { readonly type: 'published'; readonly modelVersion: number; readonly modelHash: Uint8Array }
    /** The base model was measured; nothing was trained. */
    | { readonly type: 'evaluated' }
    | { readonly type: 'abandoned'; readonly phase: RoundPhase; readonly reason: string };
}

/** A group whose opened sum is of no use: a survivor's vector was not what the protocol says. */
export interface SpoiledGroup {
  readonly group: number;
  readonly reason: string;
}

/** Facts of a run, durable before any later effect. All are public but a session's `input`. */
export type CoordinationRecord =
  | {
      readonly type: 'run-started';
      readonly runId: string;
      readonly planHash: Uint8Array;
      readonly rosterHash: Uint8Array;
    }
  | { readonly type: 'approved'; readonly participant: string; readonly approval: Signed }
  /** It refused the plan, or took its approval back. */
  | { readonly type: 'refused'; readonly participant: string; readonly rule: string }
  | {
      readonly type: 'round-started';
      readonly round: number;
      readonly kind: RoundKind;
      readonly modelVersion: number;
      readonly baseModelHash: Uint8Array;
    }
  /** Asynchronous: these train from the model that is current here, as for the round that comes next. */
  | { readonly type: 'training-assigned'; readonly round: number; readonly participants: readonly string[] }
  /** Asynchronous: what these train is of no use any more. */
  | { readonly type: 'training-over'; readonly participants: readonly string[] }
  | { readonly type: 'cohort-assigned'; readonly round: number; readonly cohort: readonly string[] }
  /** A member of the cohort was lost before the session. */
  | { readonly type: 'training-left'; readonly round: number; readonly dropout: RoundDropout }
  /**
   * Of the kind `input` a record may hold revealed shares: it is kept apart, and destroyed with `session-over`. Without `group` it is of the
   * first group, which most rounds have alone.
   */
  | { readonly type: 'session'; readonly round: number; readonly group?: number; readonly record: AggregatorRecord }
  | {
      readonly type: 'sum-opened';
      readonly round: number;
      readonly totalWeight: number;
      readonly metrics: readonly MeanMetric[];
      readonly excess?: number;
      /** Groups whose sums were spoiled; absent when none was. */
      readonly spoiled?: readonly SpoiledGroup[];
    }
  /** Published, evaluated or abandoned. */
  | { readonly type: 'round-ended'; readonly record: RoundRecord }
  /** The operator wants a pause: no round begins after the one under way. */
  | { readonly type: 'pausing'; readonly reason: string }
  | { readonly type: 'paused'; readonly reason: string }
  /** Nothing is paused any more, nor will be. */
  | { readonly type: 'resumed' }
  /** The operator ends the run: the round under way is abandoned, its session settled, and no other begins. */
  | { readonly type: 'ending'; readonly reason: string }
  | { readonly type: 'finished'; readonly outcome: RunOutcome; readonly reason: string; readonly rule?: RunEndRule };

export type RunOutcome = 'completed' | 'aborted';

/** By which rule a run ended before its first round. */
export type RunEndRule = 'approval.refused' | 'approval.late';

/** `now`: milliseconds of a monotonic clock, never less than in the event before. */
export type CoordinationEvent = { readonly now: number } & (
  | {
      readonly type: 'start';
      /** Milliseconds since 1970: the time until which the plan can be approved is one of people's clocks. */
      readonly wallMillis: number;
    }
  /** An authenticated client opened its stream, for the first time or again. */
  | { readonly type: 'check-in'; readonly participant: string; readonly organization: string }
  | { readonly type: 'disconnected'; readonly participant: string }
  | { readonly type: 'message'; readonly participant: string; readonly message: ParticipantMessage }
  /** Bytes of the masked vector so far. Feeds displays and the record of a drop; at most a few per second are worth sending. */
  | {
      readonly type: 'upload-progress';
      readonly participant: string;
      readonly bytesReceived: number;
      readonly bytesExpected: number;
    }
  /** The stream broke before the end. The participant may repeat it until the step's deadline. */
  | {
      readonly type: 'upload-broken';
      readonly participant: string;
      readonly bytesReceived: number;
      readonly bytesExpected: number;
    }
  /** The vector of the header with this body digest is durable and matches its length and Merkle root. */
  | { readonly type: 'uploaded'; readonly participant: string; readonly contentDigest: Uint8Array }
  | { readonly type: 'timer'; readonly name: string }
  /**
   * Answer to `open-sum`: of all groups together. The runner keeps the mean delta for `publish`; of an evaluation the total weight is 0.
   * Groups that are spoiled are left out; at least one is not.
   */
  | {
      readonly type: 'sum-opened';
      readonly round: number;
      readonly totalWeight: number;
      readonly metrics: readonly MeanMetric[];
      readonly excess?: number;
      readonly spoiled?: readonly SpoiledGroup[];
    }
  /** Answer to `open-sum` or `publish`: it could not be done (guard lanes wrong, disk full, our bug). The round is abandoned. */
  | { readonly type: 'round-failed'; readonly round: number; readonly reason: string }
  /** Answer to `publish`: the new model is durable. */
  | { readonly type: 'published'; readonly round: number; readonly modelHash: Uint8Array }
  /** Pause before the next round. */
  | { readonly type: 'pause'; readonly reason: string }
  /** Leave a pause, or want none any more. */
  | { readonly type: 'resume' }
  | { readonly type: 'abort'; readonly reason: string }
);

/** Run in list order; `journal` is durable before any later effect. */
export type CoordinationEffect =
  | { readonly type: 'journal'; readonly record: CoordinationRecord }
  /** To a participant that may be disconnected: then it is dropped here and sent again at its next check-in. */
  | { readonly type: 'send'; readonly to: string; readonly message: CoordinatorMessage }
  /** Start or restart the timer of this name; it answers with `timer`. */
  | { readonly type: 'set-timer'; readonly name: string; readonly afterMillis: number }
  | { readonly type: 'cancel-timer'; readonly name: string }
  /** What `participant` sent counts; a repeated one too. Acknowledge with a signed receipt over `contentDigest`. */
  | {
      readonly type: 'accepted';
      readonly participant: string;
      readonly round: number;
      readonly step: AnswerStep;
      readonly contentDigest: Uint8Array;
    }
  /** What `participant` sent does not count; answer with the error. Every message gets `accepted` or `rejected` in the same step. */
  | {
      readonly type: 'rejected';
      readonly participant: string;
      readonly round: number;
      readonly step: AnswerStep;
      readonly error: FederatedError;
    }
  /** A signed header is good: take the vector, check it against length and root, answer `uploaded` or `upload-broken`. */
  | {
      readonly type: 'expect-upload';
      readonly round: number;
      readonly participant: string;
      readonly contentDigest: Uint8Array;
      readonly lengthBytes: number;
      readonly merkleRoot: Uint8Array;
    }
  /** Of each group add the spooled vectors and keystreams; combine, decode; answer `sum-opened` or `round-failed`. */
  | {
      readonly type: 'open-sum';
      readonly round: number;
      readonly kind: RoundKind;
      readonly baseModelHash: Uint8Array;
      readonly sums: readonly { readonly group: number; readonly sum: SumOrder }[];
    }
  /**
   * Apply the strategy to the current model and the mean of this round, make the model durable; answer `published` or `round-failed`.
   * `staleness`: how many versions the mean is behind that model; it counts by `meanScale`.
   */
  | {
      readonly type: 'publish';
      readonly round: number;
      readonly currentModelHash: Uint8Array;
      readonly staleness: number;
      readonly modelVersion: number;
    }
  /** The round's spool, expectations and open uploads are of no more use (retention aside). */
  | { readonly type: 'round-over'; readonly round: number }
  /** Nothing of this round's sessions is needed again: destroy its `input` records. */
  | { readonly type: 'session-over'; readonly round: number }
  | { readonly type: 'report'; readonly progress: RunProgress };

/** What a message was about: a step of the session or its abort, or what comes before it. */
export type AnswerStep = SessionAnswer | 'approve' | 'ready' | 'decline';

/** Who is awaited for what. */
export interface RunWait {
  readonly round: number;
  readonly phase: RoundPhase | 'approve' | 'abort';
  readonly awaited: readonly string[];
  readonly of: number;
  readonly remainingMillis: number;
  /** What happens at the deadline, as a sentence. */
  readonly then: string;
  /** All of it as a sentence, such as "waiting for 2 of 5 (beta, delta), 8 s; then the round goes on with 3 ≥ T = 3". */
  readonly text: string;
}

/** For displays and logs. Nothing depends on it. */
export type RunProgress =
  | { readonly type: 'joined' | 'left' | 'approved'; readonly participant: string }
  | {
      readonly type: 'declined';
      readonly participant: string;
      readonly round: number;
      readonly step: string;
      readonly code: string;
      readonly rule: string;
      readonly message: string;
    }
  /** `participants`: who takes part in the phase. */
  | {
      readonly type: 'phase';
      readonly round: number;
      readonly phase: RoundPhase;
      readonly participants: readonly string[];
    }
  | {
      readonly type: 'answered';
      readonly round: number;
      readonly phase: RoundPhase | 'abort';
      readonly participant: string;
    }
  | ({ readonly type: 'waiting' } & RunWait)
  | {
      readonly type: 'upload';
      readonly round: number;
      readonly participant: string;
      readonly bytesReceived: number;
      readonly bytesExpected: number;
    }
  | { readonly type: 'dropped'; readonly round: number; readonly dropout: RoundDropout }
  | { readonly type: 'round-ended'; readonly record: RoundRecord }
  /** One of several groups was given up, and the round goes on with the others. */
  | {
      readonly type: 'group-abandoned';
      readonly round: number;
      readonly phase: RoundPhase;
      readonly members: readonly string[];
      readonly reason: string;
    }
  /** The members of an abandoned session hold its abort certificate: what was bound to it is free. */
  | { readonly type: 'settled'; readonly round: number }
  /** The run will pause after the round under way. */
  | { readonly type: 'pausing'; readonly reason: string }
  | { readonly type: 'paused'; readonly reason: string }
  | { readonly type: 'resumed' }
  | {
      readonly type: 'finished';
      readonly outcome: RunOutcome;
      readonly reason: string;
      readonly rule?: RunEndRule;
      readonly modelVersion: number;
    };
