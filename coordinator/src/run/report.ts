import { type RoundDropout, type RoundGroup, type RoundRecord, type RunProgress, toHex } from '@concordat/core';
import type { DroppedParticipant, GroupReport, ProgressEvent, RoundReport } from './progress.js';
import type { VerdictNews } from './results.js';

/** Bytes that moved during a round, over all participants. */
export interface RoundTraffic {
  readonly uploadBytes: number;
  readonly downloadBytes: number;
}

/** The machine's word about a round, with what only the runner knows, as plain JSON. */
export function reportRound(record: RoundRecord, traffic: RoundTraffic): RoundReport {
  const { outcome } = record;
  const published = outcome.type === 'published';
  const abandoned = outcome.type === 'abandoned';
  const phases = Object.entries(record.phases).map(([phase, millis]) => [phase, seconds(millis)] as const);
  return {
    round: record.round,
    outcome: abandoned ? 'abandoned' : 'published',
    reason: abandoned ? outcome.reason : '',
    modelVersion: published ? outcome.modelVersion : record.baseModelVersion,
    baseModelVersion: record.baseModelVersion,
    modelHash: published ? toHex(outcome.modelHash) : '',
    cohort: record.cohort,
    survivors: record.survivors,
    dropped: record.dropped.map(droppedParticipant),
    recovered: record.recovered,
    uploadBytes: traffic.uploadBytes,
    downloadBytes: traffic.downloadBytes,
    seconds: seconds(Object.values(record.phases).reduce((sum, millis) => sum + millis, 0)),
    phases: Object.fromEntries(phases),
    ...(record.groups === undefined ? {} : { groups: record.groups.map(groupReport) }),
    metrics: record.metrics,
    ...(record.excess === undefined ? {} : { excess: record.excess }),
  };
}

function groupReport({ members, survivors, outcome }: RoundGroup): GroupReport {
  const reason = outcome.type === 'abandoned' ? outcome.reason : '';
  return { members, survivors, outcome: outcome.type, reason };
}

/** The machine's word about a round that only measured the last model. */
export function reportEvaluation(record: RoundRecord): Extract<ProgressEvent, { readonly type: 'evaluation' }> {
  const { round, outcome, baseModelVersion: modelVersion, survivors, metrics } = record;
  const abandoned = outcome.type === 'abandoned';
  return {
    type: 'evaluation',
    round,
    outcome: abandoned ? 'abandoned' : 'evaluated',
    reason: abandoned ? outcome.reason : '',
    modelVersion,
    survivors,
    metrics,
  };
}

/** A survivor's word on a sum, and where the release stands with it. */
export function reportVerdict(news: VerdictNews): Extract<ProgressEvent, { readonly type: 'verdict' }> {
  const { round, modelVersion, participant, release } = news;
  const verdict = release.signed.includes(participant) ? 'result' : 'disputed';
  return { type: 'verdict', round, modelVersion, participant, verdict, ...release };
}

/** Progress without an ending: `round-ended` and `finished` need more than the machine knows. */
export function reportProgress(
  progress: Exclude<RunProgress, { readonly type: 'round-ended' | 'finished' }>,
): ProgressEvent {
  if (progress.type !== 'dropped') return progress;
  return { type: 'dropped', round: progress.round, ...droppedParticipant(progress.dropout) };
}

function droppedParticipant({
  participant,
  step,
  reason,
  bytesReceived,
  bytesExpected,
}: RoundDropout): DroppedParticipant {
  return { participant, step, reason, bytesReceived, bytesExpected };
}

function seconds(millis: number): number {
  return Math.round(millis) / 1000;
}
