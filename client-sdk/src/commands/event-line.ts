import { FederatedError, toHex } from '@concordat/core';
import { describeError } from '@concordat/proto';
import type { ClientEvent } from '../events.js';
import type { TrainerStatus } from '../trainer/external/external-trainer.js';

/** An event as plain JSON: digests in hex, errors as code, message and fix. */
export function eventJson(event: ClientEvent): object {
  return JSON.parse(JSON.stringify(plain(event))) as object;
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof FederatedError) return describeError(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** An event as a sentence for a person; undefined for those that come many times a round. */
export function eventLine(event: ClientEvent): string | undefined {
  switch (event.type) {
    case 'standing-by':
      return `Standing by: process ${event.pid} on ${event.host} uses ${event.directory} since ${event.since}.`;
    case 'engine':
      return `Training with ${event.engine} (${event.kernels}); ${event.why}.`;
    case 'trainer':
      return trainerLine(event);
    case 'certificate':
      return event.renewed
        ? `A new TLS certificate, valid until ${event.expires}.`
        : `The TLS certificate runs out on ${event.expires} and could not be renewed (${event.reason}); it is tried again.`;
    case 'on-hold':
      return `Run ${event.runId} is offered, and this organization has paused since ${event.since} (${event.reason}): type participant resume, or the run starts without it.`;
    case 'connected':
      return `Connected to ${event.address}; correlation id ${event.correlationId}.`;
    case 'awaiting-approval':
      return `Run ${event.runId}: held until plan ${event.planHash} is approved, at most until ${event.until} (${event.awaited.join('; ')}).`;
    case 'disconnected':
      return `Not connected (${event.reason}); trying again in ${Math.ceil(event.retryMillis)} ms.`;
    case 'policy':
      return `Plan for run ${event.runId} by ${event.operator}: ${event.results.filter(({ passed }) => passed).length} of ${event.results.length} rules of the policy hold.`;
    case 'plan':
      return event.decision === 'considering'
        ? undefined
        : `Run ${event.runId}: ${event.decision}. ${event.reason}`.trim();
    case 'training':
      return `Round ${event.round}: training.`;
    case 'measuring':
      return `Round ${event.round}: measuring the last model.`;
    case 'measured':
      return `Round ${event.round}: measured${measuredText(event.metrics)}.`;
    case 'trained':
      return `Round ${event.round}: trained on ${event.examples} examples in ${event.seconds.toFixed(1)} s${measuredText(event.metrics)}.`;
    case 'uploading':
      return `Round ${event.round}: sending the masked update.`;
    case 'uploaded':
      return `Round ${event.round}: masked update sent, ${event.bytes} bytes.`;
    case 'contributed':
      return event.included
        ? `Round ${event.round}: our update is in the sum.`
        : `Round ${event.round}: the sum was opened without our update.`;
    case 'verified':
      return `Round ${event.round}: the sum was computed anew and is right; signed.`;
    case 'waiting':
      return `Round ${event.round}: waiting for ${event.awaited.join(', ')} at step ${event.step}, at most ${Math.ceil(event.remainingMillis / 1000)} s; then ${event.then}.`;
    case 'sitting-out':
      return `Round ${event.round}: sitting out, ${event.reason}.`;
    case 'paused':
      return `The run is paused: ${event.reason}. It goes on when its operator resumes it.`;
    case 'abandoned':
      return `Round ${event.round}: abandoned, ${event.reason}.`;
    case 'published':
      return `Round ${event.round}: model version ${event.modelVersion}, a sum of ${event.survivors} updates.`;
    case 'finished':
      return `The run is ${event.outcome}: ${event.reason}`;
    case 'refused':
      return `Refused: ${event.error.message} ${event.error.fix}${saidBy(event.error)}`;
    case 'not-delivered':
      return `Round ${event.round}: ${event.message} was not taken (${event.error.message}).`;
    case 'training-progress':
    case 'upload':
    case 'session':
    case 'ready':
    case 'masking':
      return undefined;
  }
}

/** What happens to a trainer in a process of its own, as a sentence for a person. */
export function trainerLine(event: TrainerStatus): string {
  switch (event.state) {
    case 'waiting':
      return `Waiting for a trainer to attach ${event.trainer}.`;
    case 'ready':
      return `The trainer ${event.trainer} is ready: ${event.name} (${event.kernels}).`;
    case 'turned-away':
      return `Turned away: ${event.error.message}.`;
    case 'ended': {
      const then =
        event.retryMillis === undefined ? '' : ` It is launched again in ${Math.ceil(event.retryMillis / 1000)} s.`;
      return `No trainer: ${event.error.message}.${then}${saidBy(event.error)}`;
    }
  }
}

/** What a trainer printed last, or says of a task: for the people here, so it is in no message, which is journalled. */
export function saidBy({ detail: { lines } }: FederatedError): string {
  return Array.isArray(lines) && lines.length > 0 ? `\nThe trainer says:\n  ${lines.join('\n  ')}` : '';
}

function measuredText(metrics: Readonly<Record<string, number>>): string {
  const parts = Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  return parts.length === 0 ? '' : `; the model received has ${parts.join(', ')} on the local holdout`;
}
