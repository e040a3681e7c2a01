import { type CoordinatorMessage, FederatedError } from '@concordat/core';
import { assignmentFromWire, type Welcome } from '@concordat/proto';
import { callError } from './call-error.js';
import type { CoordinatorChannel } from './coordinator-channel.js';
import { backoffMillis, isCurable, pauseFor } from './retry.js';

/** Versions of the wire this client speaks, highest first. */
export const wireVersions: readonly number[] = [1];
export const software = 'concordat/0.1.0';

/** Where the stream's messages go. */
export interface CheckInListener {
  connected(): void;
  message(runId: string, message: CoordinatorMessage): void;
  disconnected(): void;
  /** The coordinator is away: tried again after `retryMillis`. */
  awaiting(error: FederatedError, retryMillis: number): void;
}

/**
 * Hold the client's one stream open: connect, deliver, connect again, until the signal fires.
 *
 * @throws what a repetition does not cure: `unauthenticated`, `conflict` when a newer client took over, `protocol` for another
 *   version of the wire, `malformed` for something that is no assignment.
 */
export async function holdCheckIn(
  channel: CoordinatorChannel,
  options: { readonly clientEpoch: number; readonly consortium: string; readonly signal: AbortSignal },
  listener: CheckInListener,
): Promise<void> {
  let attempt = 0;
  while (!options.signal.aborted) {
    try {
      await streamOnce(channel, options, {
        ...listener,
        connected() {
          attempt = 0;
          listener.connected();
        },
      });
    } catch (error) {
      if (options.signal.aborted) return;
      if (!isCurable(error)) throw error;
      const pause = backoffMillis(++attempt);
      listener.awaiting(error as FederatedError, pause);
      await pauseFor(pause, options.signal).catch(() => undefined);
    }
  }
}

async function streamOnce(
  channel: CoordinatorChannel,
  options: { readonly clientEpoch: number; readonly consortium: string; readonly signal: AbortSignal },
  listener: Pick<CheckInListener, 'connected' | 'message' | 'disconnected'>,
): Promise<void> {
  const { clientEpoch, signal } = options;
  const call = channel.checkIn({ wireVersions: [...wireVersions], software, clientEpoch });
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  let welcomed = false;
  try {
    for await (const assignment of call) {
      const { message, runId } = assignmentFromWire(assignment);
      if (message.type === 'welcome') {
        requireOurs(message, options.consortium);
        welcomed = true;
        listener.connected();
      } else if (welcomed) listener.message(runId, message);
      else throw new FederatedError('protocol', 'the stream begins without a welcome');
    }
    throw new FederatedError('unavailable', 'the coordinator ended the stream');
  } catch (error) {
    throw callError(error, channel.address);
  } finally {
    signal.removeEventListener('abort', cancel);
    call.cancel();
    if (welcomed) listener.disconnected();
  }
}

function requireOurs(welcome: Welcome, consortium: string): void {
  if (!wireVersions.includes(welcome.wireVersion)) {
    throw new FederatedError('protocol', 'the coordinator chose a version of the wire that was not offered', {
      detail: { required: wireVersions.join(', '), offered: welcome.wireVersion, software: welcome.software },
      fix: `Update the older of the two: here ${software}, there ${welcome.software}.`,
    });
  }
  if (welcome.consortium === consortium) return;
  throw new FederatedError('verification', 'the coordinator serves another consortium', {
    detail: { required: consortium, offered: welcome.consortium },
  });
}
