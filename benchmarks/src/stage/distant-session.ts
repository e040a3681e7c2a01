import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { ParticipantOptions, SessionFrame, SessionReply, Signed } from '@concordat/core';
import type { DrivenQuestion } from './driven-program.js';
import type { DrivenSessionOptions } from './driven-session.js';

const program = resolve(import.meta.dirname, 'driven-program.js');

/**
 * Driven sessions in another process: what the others compute, and what V8 collects of them on threads of its own, is none of the
 * measured participant's time.
 */
export class DistantSession {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(program, { serialization: 'advanced' });
  }

  /** Begin a session. @returns what the measured participant is opened with, without its root. */
  open(options: DrivenSessionOptions): Promise<Omit<ParticipantOptions, 'root'>> {
    return this.#ask({ type: 'open', options });
  }

  /** As `DrivenSession.next`. */
  next(): Promise<SessionFrame | undefined> {
    return this.#ask({ type: 'next' });
  }

  /** As `DrivenSession.reply`, for the measured one. */
  reply(frame: SessionReply): Promise<Signed | undefined> {
    return this.#ask({ type: 'reply', frame });
  }

  async close(): Promise<void> {
    const closed = once(this.#child, 'exit');
    this.#child.disconnect();
    await closed;
  }

  /** @throws `Error` when the other process ended; what it died of stands on stderr. */
  async #ask<Answer>(question: DrivenQuestion): Promise<Answer> {
    const ended = new AbortController();
    const onExit = () => ended.abort(new Error('the process that plays the others has ended'));
    this.#child.once('exit', onExit);
    try {
      const heard = once(this.#child, 'message', { signal: ended.signal });
      this.#child.send(question);
      const [{ answer }] = (await heard) as [{ readonly answer: Answer }];
      return answer;
    } catch (error) {
      throw ended.signal.aborted ? ended.signal.reason : error;
    } finally {
      this.#child.off('exit', onExit);
    }
  }
}
