import { resolve } from 'node:path';
import type { ParticipantOptions, SessionFrame, SessionReply, Signed } from '@concordat/core';
import type { DrivenQuestion } from './driven-program.js';
import type { DrivenSessionOptions } from './driven-session.js';
import { OtherProcess } from './other-process.js';

const program = resolve(import.meta.dirname, 'driven-program.js');

/**
 * Driven sessions in another process: what the others compute, and what V8 collects of them on threads of its own, is none of the
 * measured participant's time.
 */
export class DistantSession {
  readonly #process = new OtherProcess<DrivenQuestion>(program);

  /** Begin a session. @returns what the measured participant is opened with, without its root. */
  open(options: DrivenSessionOptions): Promise<Omit<ParticipantOptions, 'root'>> {
    return this.#process.ask({ type: 'open', options });
  }

  /** As `DrivenSession.next`. */
  next(): Promise<SessionFrame | undefined> {
    return this.#process.ask({ type: 'next' });
  }

  /** As `DrivenSession.reply`, for the measured one. */
  reply(frame: SessionReply): Promise<Signed | undefined> {
    return this.#process.ask({ type: 'reply', frame });
  }

  close(): Promise<void> {
    return this.#process.close();
  }
}
