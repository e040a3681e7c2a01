import { type CoordinatorMessage, FederatedError, type Random } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { assignmentFromWire, requireDecoded, type Welcome, type wire } from '@concordat/proto';
import { connectivityState } from '@grpc/grpc-js';
import { pauseMillis } from './backoff.js';
import { explain, isTransient } from './failures.js';
import type { Services } from './services.js';

/** Wire versions this client speaks, highest first. */
export const wireVersions: readonly number[] = [1];

/** What a check-in says of this client, and whom it tells what comes. */
export interface CheckInOptions {
  /** Increases by one at every start of the client; the coordinator fences older ones. */
  readonly clientEpoch: number;
  /** Drawn at this start, 16 bytes: tells this client from one that runs from a copy of its directory. */
  readonly startId: Uint8Array;
  /** The only way to end a check-in without an error. */
  readonly signal: AbortSignal;
  /** Called in the order of the stream; must not throw. */
  readonly onMessage: (runId: string, message: CoordinatorMessage) => void;
  /** The coordinator has welcomed this client, for the first time or again. What it throws ends the check-in, `malformed` the stream alone. */
  readonly onConnected: (welcome: Welcome) => void;
  /** The stream is gone and will be opened again after `retryMillis`. Also told of attempts that never connected. */
  readonly onDisconnected: (error: FederatedError, retryMillis: number) => void;
}

export interface CheckInPorts {
  readonly rounds: () => Services['rounds'];
  /** Drop the channel: its next call dials afresh. */
  readonly redial: () => void;
  /** That is dialled now. */
  readonly address: () => string;
  /** An attempt at an address failed: another one may be dialled from now on. */
  readonly failed: (address: string, failure: FederatedError, tookMillis: number) => void;
  readonly consortium: string;
  readonly software: string;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * From the call to the welcome: name resolution, TCP, TLS and the coordinator's answer. grpc-js gives a connection that is being made no
 * deadline of its own; one that hangs in the TLS handshake, behind a proxy whose target is gone, would hang for ever.
 */
const welcomeMillis = 20_000;
/** TCP, a proxy and TLS: a coordinator gives a handshake three seconds. */
const connectMillis = 5_000;

/**
 * Streams in a row that may end with a message that is none: beyond that it is no damage on the line, and somebody has to look. Every one is
 * told, with longer and longer pauses between.
 */
const malformedMax = 10;
/** A stream that stood so long was a good one. */
const steadyMillis = 10 * 60_000;

/**
 * Keep the one stream of this client open: connect, listen, connect again, until the signal fires. A message that does not decode, is out
 * of bounds or out of order ends its stream and nothing else, for the coordinator says everything of a round again.
 *
 * @throws what a new attempt does not cure: `unauthenticated`, `permission`, `verification` (not the pinned authority),
 *   `protocol` (no common wire version), `conflict` (a newer client of this participant took over), `malformed` for the
 *   {@link malformedMax}-th message in a row that is none.
 */
export async function checkIn(ports: CheckInPorts, options: CheckInOptions): Promise<void> {
  const { signal } = options;
  let malformed = 0;
  for (let attempt = 0; !signal.aborted; attempt++) {
    const welcomed = { yes: false };
    const begunAt = ports.clock.monotonicMillis();
    const address = ports.address();
    let failure: FederatedError;
    try {
      await listen(ports, options, welcomed);
      failure = new FederatedError('unavailable', `the coordinator at ${address} closed the stream`);
    } catch (error) {
      failure = explain(error, address);
    }
    if (signal.aborted) return;
    const tookMillis = ports.clock.monotonicMillis() - begunAt;
    ports.failed(address, failure, tookMillis);
    const isSteady = tookMillis >= steadyMillis;
    if (failure.code === 'malformed') malformed = isSteady ? 1 : malformed + 1;
    else if (!isTransient(failure) && failure.code !== 'internal') throw failure;
    if (malformed === malformedMax) throw tooManyMalformed(failure);
    if (isSteady || (welcomed.yes && failure.code !== 'malformed')) attempt = 0;
    const pause = pauseMillis(failure, attempt, ports.random);
    options.onDisconnected(failure, pause);
    await ports.clock.sleep(pause, signal);
  }
}

async function listen(ports: CheckInPorts, options: CheckInOptions, welcomed: { yes: boolean }): Promise<void> {
  const { clientEpoch, startId, signal } = options;
  const request = { wireVersions: [...wireVersions], software: ports.software, clientEpoch, startId };
  const call = ports.rounds().CheckIn(request);
  const cancel = () => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  let late = false;
  const giveUp = (): void => {
    late = true;
    cancel();
  };
  const inTime = ports.clock.after(welcomeMillis, giveUp);
  // grpc-js can miss that a line was cut while it was being set up, and waits on it for ever.
  const connected = ports.clock.after(connectMillis, () => {
    if (ports.rounds().getChannel().getConnectivityState(false) === connectivityState.CONNECTING) giveUp();
  });
  let last = -1;
  try {
    for await (const assignment of call as AsyncIterable<wire.Assignment__Output>) {
      const { message, runId, sequence } = assignmentFromWire(requireDecoded(assignment));
      if (sequence <= last) throw outOfOrder(last, sequence);
      last = sequence;
      if (signal.aborted) return;
      if (message.type === 'welcome') {
        inTime();
        requireWelcome(ports, message);
        welcomed.yes = true;
        options.onConnected(message);
      } else if (welcomed.yes) options.onMessage(runId, message);
      else throw new FederatedError('protocol', 'the coordinator spoke before its welcome');
    }
  } catch (error) {
    throw late ? noWelcome(ports) : error;
  } finally {
    connected();
    inTime();
    signal.removeEventListener('abort', cancel);
    call.cancel();
  }
  if (late) throw noWelcome(ports);
}

function tooManyMalformed(last: FederatedError): FederatedError {
  return new FederatedError(
    'malformed',
    `${malformedMax} streams in a row ended with a message that is none: ${last.message}`,
    {
      detail: { ...last.detail, attempts: malformedMax },
      fix: 'Compare the software versions of both sides; show the operator what was refused.',
      cause: last,
    },
  );
}

/** The attempt hangs in the channel, where no later call would get past it. */
function noWelcome(ports: CheckInPorts): FederatedError {
  const address = ports.address();
  ports.redial();
  return new FederatedError('unavailable', `the coordinator at ${address} did not welcome this client in time`, {
    detail: { address, required: `${welcomeMillis} ms` },
    fix: 'It is tried again by itself. If it goes on, look at what stands between: a proxy or firewall that takes connections and passes none on.',
  });
}

function requireWelcome({ consortium, address }: CheckInPorts, welcome: Welcome): void {
  if (!wireVersions.includes(welcome.wireVersion)) {
    const [mine, theirs] = [wireVersions.join(', '), String(welcome.wireVersion)];
    throw new FederatedError(
      'protocol',
      `this client speaks wire version ${mine}, the coordinator (${welcome.software}) version ${theirs}`,
      {
        detail: { required: mine, offered: theirs, software: welcome.software },
        fix: 'Update the older of the two; a wire version is served for 12 months.',
      },
    );
  }
  if (welcome.consortium === consortium) return;
  throw new FederatedError('verification', `the coordinator at ${address()} is of consortium ${welcome.consortium}`, {
    detail: { rule: 'consortium', required: consortium, offered: welcome.consortium },
    fix: 'Check the address in enrolment.json with the operator.',
  });
}

function outOfOrder(last: number, sequence: number): FederatedError {
  const detail = { required: last + 1, offered: sequence };
  return new FederatedError('malformed', 'assignments out of order', { detail });
}
