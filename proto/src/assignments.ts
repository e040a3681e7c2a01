import { bounds, type CoordinatorMessage, FederatedError, type OfferedReceipt } from '@concordat/core';
import * as field from './fields.js';
import type * as wire from './generated/index.js';
import { sessionFrameFromWire, sessionFrameToWire } from './session-frames.js';
import { shownReceiptsFromWire, shownReceiptsToWire } from './shown-receipts.js';

/** The first message on every assignment stream. */
export interface Welcome {
  readonly type: 'welcome';
  readonly wireVersion: number;
  readonly software: string;
  readonly consortium: string;
  /** Of this participant's newest round in each of its latest runs; not checked yet. */
  readonly receipts: readonly OfferedReceipt[];
}

/** A coordinator's message with its place: the run it belongs to and its number on the stream. */
export interface AssignmentFrame {
  /** Counts up on one stream. */
  readonly sequence: number;
  /** Empty for `welcome`. */
  readonly runId: string;
  readonly message: CoordinatorMessage | Welcome;
}

/** An assignment as the wire's object. The run of a `run` message is taken from the message itself. */
export function assignmentToWire(frame: AssignmentFrame): wire.Assignment {
  const { message, sequence } = frame;
  const place = { sequence, runId: frame.runId, round: 'round' in message ? message.round : 0 };
  switch (message.type) {
    case 'welcome':
      return { ...place, welcome: { ...withoutType(message), receipts: shownReceiptsToWire(message.receipts) } };
    case 'run':
      return { ...place, runId: message.runId, run: { planHash: message.planHash, rosterHash: message.rosterHash } };
    case 'train':
      return { ...place, train: withoutPlace(message) };
    case 'session':
      return { ...place, session: sessionFrameToWire(message.frame) };
    case 'not-chosen':
      return { ...place, notChosen: withoutPlace(message) };
    case 'waiting':
      return { ...place, waiting: { ...withoutPlace(message), awaited: [...message.awaited] } };
    case 'abandoned':
      return { ...place, abandoned: withoutPlace(message) };
    case 'published':
      return { ...place, published: withoutPlace(message) };
    case 'paused':
      return { ...place, paused: withoutType(message) };
    case 'finished':
      return { ...place, finished: withoutType(message) };
  }
}

/** @throws `malformed` out of bounds or without a message this version knows. */
export function assignmentFromWire(value: wire.Assignment__Output): AssignmentFrame {
  const message = readMessage(value);
  return {
    sequence: field.integer(value.sequence, 0, Number.MAX_SAFE_INTEGER, 'sequence'),
    runId: message.type === 'welcome' ? '' : field.id(value.runId, 'runId'),
    message,
  };
}

function readMessage(value: wire.Assignment__Output): CoordinatorMessage | Welcome {
  switch (value.message) {
    case 'welcome':
      return readWelcome(field.present(value.welcome, 'welcome'));
    case 'run':
      return {
        type: 'run',
        runId: field.id(value.runId, 'runId'),
        planHash: field.hashBytes(value.run?.planHash, 'planHash'),
        rosterHash: field.hashBytes(value.run?.rosterHash, 'rosterHash'),
      };
    case 'session':
      return {
        type: 'session',
        round: field.roundNumber(value.round, 'round'),
        frame: sessionFrameFromWire(value.session),
      };
    case 'paused':
      return { type: 'paused', reason: field.text(value.paused?.reason, 'reason') };
    case 'finished':
      return readFinished(field.present(value.finished, 'finished'));
    default:
      return readOfRound(value, field.roundNumber(value.round, 'round'));
  }
}

function readOfRound(value: wire.Assignment__Output, round: number): CoordinatorMessage {
  const { train, notChosen, waiting, abandoned, published } = value;
  if (train) {
    return {
      type: 'train',
      round,
      kind: field.oneOf(train.kind, ['train', 'evaluate'], 'kind'),
      modelVersion: modelVersion(train.modelVersion),
      baseModelHash: field.hashBytes(train.baseModelHash, 'baseModelHash'),
      readyMillis: millis(train.readyMillis, 'readyMillis'),
    };
  }
  if (notChosen) return { type: 'not-chosen', round, reason: field.text(notChosen.reason, 'reason') };
  if (waiting) return readWaiting(waiting, round);
  if (abandoned) {
    return {
      type: 'abandoned',
      round,
      reason: field.text(abandoned.reason, 'reason'),
      retry: abandoned.retry === true,
    };
  }
  if (published) {
    return {
      type: 'published',
      round,
      modelVersion: modelVersion(published.modelVersion),
      modelHash: field.hashBytes(published.modelHash, 'modelHash'),
      survivors: field.integer(published.survivors, 0, bounds.rosterMembersMax, 'survivors'),
    };
  }
  throw new FederatedError('malformed', 'assignment of a kind this version does not know', {
    fix: 'Run the same version of the software on both sides.',
  });
}

function readWaiting(waiting: wire.Waiting__Output, round: number): CoordinatorMessage {
  return {
    type: 'waiting',
    round,
    step: field.word(waiting.step, 'step'),
    awaited: field
      .list(waiting.awaited, 0, bounds.rosterMembersMax, 'awaited')
      .map((name) => field.id(name, 'awaited')),
    remainingMillis: millis(waiting.remainingMillis, 'remainingMillis'),
    // biome-ignore lint/suspicious/noThenProperty: a sentence, the word of the protocol; never awaited.
    then: field.text(waiting.then, 'then'),
  };
}

function readFinished(finished: wire.Finished__Output): CoordinatorMessage {
  return {
    type: 'finished',
    modelVersion: modelVersion(finished.modelVersion),
    // Empty when a run ended before it published anything.
    modelHash: finished.modelHash.length === 0 ? new Uint8Array(0) : field.hashBytes(finished.modelHash, 'modelHash'),
    outcome: field.oneOf(finished.outcome, ['completed', 'aborted'], 'outcome'),
    reason: field.text(finished.reason, 'reason'),
  };
}

function readWelcome(welcome: wire.Welcome__Output): Welcome {
  return {
    type: 'welcome',
    wireVersion: field.integer(welcome.wireVersion, 1, 65_535, 'wireVersion'),
    software: field.text(welcome.software, 'software'),
    consortium: field.id(welcome.consortium, 'consortium'),
    receipts: shownReceiptsFromWire(welcome.receipts, bounds.welcomeReceiptsMax),
  };
}

function modelVersion(value: number): number {
  return field.integer(value, 0, bounds.roundsMax, 'modelVersion');
}

function millis(value: number, name: string): number {
  return field.integer(value, 0, bounds.durationMillisMax, name);
}

function withoutType<Message extends { type: string }>(message: Message): Omit<Message, 'type'> {
  const { type: _type, ...rest } = message;
  return rest;
}

function withoutPlace<Message extends { type: string; round: number }>(
  message: Message,
): Omit<Message, 'type' | 'round'> {
  const { type: _type, round: _round, ...rest } = message;
  return rest;
}
