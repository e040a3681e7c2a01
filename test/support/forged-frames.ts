import type { SessionFrame } from '@concordat/core';
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

/** One bit changed. */
export const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
