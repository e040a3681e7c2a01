import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A program of ours in a process of its own, that answers each question with one message. */
export class OtherProcess<Question extends object> {
  readonly #child: ChildProcess;

  /** @param program path of its module. */
  constructor(program: string) {
    this.#child = fork(program, { serialization: 'advanced' });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** One question at a time. @throws `Error` when the other process ended; what it died of stands on stderr. */
  async ask<Answer>(question: Question): Promise<Answer> {
    const ended = new AbortController();
    const onExit = () => ended.abort(new Error('the other process has ended'));
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

  /** The program ends when it is disconnected. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'exit');
    this.#child.disconnect();
    await closed;
  }
}
