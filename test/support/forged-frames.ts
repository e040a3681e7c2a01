import type { SessionFrame } from '@concordat/core';
import { expect } from 'chai';
import { ruleOf } from './rules.js';
import { InMemorySession, type SessionOptions } from './session.js';

export const victim = '1';
export const n = 5;
export type FrameOf<Type extends SessionFrame['type']> = Extract<SessionFrame, { type: Type }>;
export type Forge<Type extends SessionFrame['type']> = (frame: FrameOf<Type>, session: InMemorySession) => SessionFrame;

/** A session of five (c = 1, T = 4) in which the coordinator forges one frame to participant "1". */
export function forged<Type extends SessionFrame['type']>(
  type: Type,
  forge: Forge<Type>,
  options: Partial<SessionOptions> = {},
): InMemorySession {
  const onFrame = (to: string, frame: SessionFrame, session: InMemorySession) =>
    to === victim && frame.type === type ? forge(frame as FrameOf<Type>, session) : frame;
  return new InMemorySession({ participants: n, maxColluders: 1, onFrame, ...options }).run();
}

/** The rule the victim refused by, and that it left: before its upload a refusal ends the session for it, and only for it. */
export function leavesBy(session: InMemorySession): string | undefined {
  const refusal = session.refusals.find(({ participant }) => participant === victim);
  expect(session.participants.get(victim)!.phase).to.equal('ended');
  expect(session.refusals.every(({ participant }) => participant === victim)).to.equal(true);
  expect(session.participantRecords.get(victim)!.some(({ type }) => type === 'refused')).to.equal(true);
  return ruleOf(refusal?.error);
}

/** The rule of a refusal after the upload: the frame is refused, the participant stays. */
export function staysBy(session: InMemorySession): string | undefined {
  expect(session.participants.get(victim)!.phase).to.not.equal('ended');
  return ruleOf(session.refusals[0]?.error);
}

/** One bit changed. */
export const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
