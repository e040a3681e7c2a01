import type { FederatedError, MetricValues, ParticipationProgress } from '@concordat/core';
import type { AwaitedApproval } from './approval/approvals.js';
import type { RuleResult } from './policy/evaluate-policy.js';
import type { TrainerStatus } from './trainer/external/external-trainer.js';
import type { EngineDescription, FitProgress } from './trainer/trainer.js';

/** What a client tells the program that embeds it. Local: counts of records in it never leave by the wire. */
export type ClientEvent =
  | Exclude<ParticipationProgress, { readonly type: 'connected' | 'disconnected' }>
  /** Another process uses the directory; this one waits for it to end and does nothing meanwhile. Once for each holder. */
  | {
      readonly type: 'standing-by';
      readonly directory: string;
      readonly pid: number;
      readonly host: string;
      readonly since: string;
    }
  /** When the client opens, and after a training that another engine did than the one named last: not every engine can train every model. */
  | ({ readonly type: 'engine' } & EngineDescription)
  /** What happens to a trainer in a process of its own, between rounds too. */
  | ({ readonly type: 'trainer' } & TrainerStatus)
  /** `correlationId` is in the coordinator's log too, beside this stream and every call of ours that it refuses. */
  | {
      readonly type: 'connected';
      readonly address: string;
      readonly software: string;
      readonly correlationId: string;
    }
  /** The TLS certificate runs out before long: a new one came, or none for a reason. Tried again every six hours. */
  | {
      readonly type: 'certificate';
      readonly renewed: boolean;
      /** Of the one that is used now, RFC 3339. */
      readonly expires: string;
      readonly reason?: string;
    }
  /** A run is offered while the organization has paused: its plan is looked at when it resumes, unless the run starts without it. */
  | { readonly type: 'on-hold'; readonly runId: string; readonly since: string; readonly reason: string }
  /** The policy allows a plan, and people have to approve it besides: it is held until they have. Again when one of them decided. */
  | ({ readonly type: 'awaiting-approval'; readonly runId: string } & AwaitedApproval)
  /** The connection is down and is tried again by itself. */
  | { readonly type: 'disconnected'; readonly reason: string; readonly retryMillis: number }
  /** The last model on the local holdout; nothing was trained. */
  | { readonly type: 'measured'; readonly round: number; readonly metrics: MetricValues }
  /** The policy, rule by rule, before its decision. */
  | {
      readonly type: 'policy';
      readonly runId: string;
      readonly operator: string;
      readonly results: readonly RuleResult[];
    }
  | ({ readonly type: 'training-progress'; readonly round: number } & FitProgress)
  /** Examples trained on, and metrics of the model received, on the local holdout. */
  | {
      readonly type: 'trained';
      readonly round: number;
      readonly examples: number;
      readonly metrics: Readonly<Record<string, number>>;
      readonly seconds: number;
    }
  | { readonly type: 'upload'; readonly round: number; readonly bytesSent: number; readonly bytesTotal: number }
  | { readonly type: 'uploaded'; readonly round: number; readonly bytes: number }
  /** A refusal by policy or protocol; the coordinator hears rule and code where there is something to tell. */
  | { readonly type: 'refused'; readonly round: number; readonly error: FederatedError }
  /** Something did not reach the coordinator; the round may go on without us. */
  | {
      readonly type: 'not-delivered';
      readonly round: number;
      readonly message: string;
      readonly error: FederatedError;
    };

/** How a run ended for a client. */
export type RunEnd = Extract<ParticipationProgress, { readonly type: 'finished' }>;

/** Whether it is the machine's word of the connection: that reports itself, with more to say. */
export function isOfConnection(
  progress: ParticipationProgress,
): progress is Extract<ParticipationProgress, { readonly type: 'connected' | 'disconnected' }> {
  return progress.type === 'connected' || progress.type === 'disconnected';
}
