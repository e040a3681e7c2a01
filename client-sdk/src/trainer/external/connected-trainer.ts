import { equalBytes, type FederatedError, printable } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { type FromTrainer, trainerProtocolVersion } from '@concordat/proto';
import { hungUp, notDue, otherVersion, silent, type TrainerName, wrongCapability } from './trainer-failures.js';
import type { TrainerLink } from './trainer-link.js';

/** Takes what a trainer says about the task it has. May throw what breaks the protocol. */
export interface TaskListener {
  take(message: FromTrainer): void;
  /** The trainer is gone. */
  lose(error: FederatedError): void;
}

export interface GreetingOptions {
  readonly trainer: TrainerName;
  /** [32] of the token file; [0] where the trainer was launched. */
  readonly capability: Uint8Array;
  readonly helloMillis: number;
  readonly clock: Clock;
  /** Why the connection is over, where more is known than that: how the process ended. */
  readonly explain?: () => Promise<FederatedError>;
}

/** What a trainer says of itself; safe for a terminal. */
export interface TrainerHello {
  readonly name: string;
  readonly kernels: string;
}

/** A trainer that said hello, and has one task at most. */
export class ConnectedTrainer {
  readonly trainer: TrainerName;
  readonly hello: TrainerHello;
  readonly link: TrainerLink;
  /** Resolves once, when the connection is over, with why. */
  readonly ended: Promise<FederatedError>;
  #task: TaskListener | undefined;
  #reason: FederatedError | undefined;
  #over: FederatedError | undefined;

  private constructor(link: TrainerLink, hello: TrainerHello, { trainer, explain }: GreetingOptions) {
    this.trainer = trainer;
    this.link = link;
    this.hello = hello;
    this.ended = new Promise((resolve) => {
      link.listen({
        onMessage: (message) => this.#take(message),
        onEnd: async (error) => {
          this.#over = this.#reason ?? error ?? (await explain?.()) ?? hungUp(trainer);
          this.#task?.lose(this.#over);
          resolve(this.#over);
        },
      });
    });
  }

  /**
   * Wait for the first message of a new connection.
   *
   * @throws `deadline` `trainer.silent`, `protocol` `trainer.version` or `trainer.task`, `verification` `trainer.capability`,
   *   `malformed` `trainer.message`; the connection is closed then.
   */
  static greet(link: TrainerLink, options: GreetingOptions): Promise<ConnectedTrainer> {
    const { trainer, capability, helloMillis, clock, explain } = options;
    return new Promise((resolve, reject) => {
      const refuse = (error: FederatedError): void => {
        noMore();
        reject(error);
        link.close();
      };
      const noMore = clock.after(helloMillis, () => refuse(silent(trainer, 'has not said hello', helloMillis)));
      link.listen({
        onMessage: (message) => {
          const wrong = wrongHello(trainer, capability, message);
          if (wrong !== undefined) return refuse(wrong);
          noMore();
          const { name, kernels } = message as Extract<FromTrainer, { type: 'hello' }>;
          resolve(new ConnectedTrainer(link, { name: shown(name), kernels: shown(kernels) }, options));
        },
        onEnd: async (error) => refuse(error ?? (await explain?.()) ?? hungUp(trainer)),
      });
    });
  }

  /** Give it a task; what it says goes there until {@link release}. */
  occupy(task: TaskListener): void {
    this.#task = task;
    if (this.#over !== undefined) task.lose(this.#over);
  }

  release(): void {
    this.#task = undefined;
  }

  /** End the connection for a reason. */
  drop(reason: FederatedError): void {
    this.#reason ??= reason;
    this.link.close();
  }

  #take(message: FromTrainer): void {
    if (this.#task === undefined)
      throw notDue(this.trainer, { required: 'silence between tasks', offered: message.type });
    this.#task.take(message);
  }
}

function wrongHello(trainer: TrainerName, capability: Uint8Array, message: FromTrainer): FederatedError | undefined {
  if (message.type !== 'hello') return notDue(trainer, { required: 'hello', offered: message.type });
  if (message.version !== trainerProtocolVersion) {
    return otherVersion(trainer, trainerProtocolVersion, message.version);
  }
  return equalBytes(message.capability, capability) ? undefined : wrongCapability(trainer, 'the token file');
}

function shown(text: string): string {
  return printable(text).trim().slice(0, 200) || 'not said';
}
