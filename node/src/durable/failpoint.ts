import { writeSync } from 'node:fs';
import { FederatedError } from '@concordat/core';

/** What a failpoint does to its process: end it as a power cut would, have the write fail, or make it late. */
export type FailpointAction = 'crash' | 'error' | 'delay';

/** One side of one durable write, and what happens there. */
export interface Failpoint {
  /** Of the write, e.g. `participant.journal`. */
  readonly write: string;
  readonly side: 'before' | 'after';
  readonly action: FailpointAction;
  /** At which of this process's passes, from 1. */
  readonly nth: number;
}

/** What a failpoint can do. A test gives its own. */
export interface FailpointPorts {
  /** Of several that are armed, this one acts now. */
  readonly say: (failpoint: string) => void;
  /** End the process at once; nothing more of it runs. */
  readonly crash: () => void;
  readonly delay: () => Promise<void>;
}

const variable = 'CONCORDAT_FAILPOINT';
const form = /^([a-z][a-z.-]*)\.(before|after):(crash|error|delay):([1-9][0-9]{0,5})$/;
const delayMillis = 1_000;
const failpointsMax = 1_000;

/**
 * Read `<write>.<before|after>:<crash|error|delay>:<nth>`, e.g. `participant.journal.before:crash:3`.
 *
 * @throws `invalid-argument` for anything else.
 */
export function parseFailpoint(text: string): Failpoint {
  const match = form.exec(text);
  if (match === null) {
    throw new FederatedError('invalid-argument', `${variable} is not a failpoint`, {
      detail: { required: '<write>.<before|after>:<crash|error|delay>:<nth>', offered: text.slice(0, 80) },
      fix: 'For example participant.journal.before:crash:3.',
    });
  }
  const [, write, side, action, nth] = match;
  return {
    write: write!,
    side: side as Failpoint['side'],
    action: action as FailpointAction,
    nth: Number(nth),
  };
}

/**
 * Read several failpoints with commas between them: a test that has many things fail arms them all, and each acts once.
 *
 * @throws `invalid-argument` as {@link parseFailpoint}, and for more than a thousand.
 */
export function parseFailpoints(text: string): readonly Failpoint[] {
  const texts = text.split(',', failpointsMax + 1);
  if (texts.length <= failpointsMax) return texts.map(parseFailpoint);
  throw new FederatedError('invalid-argument', `${variable} has too many failpoints`, {
    detail: { required: `at most ${failpointsMax}`, offered: `${texts.length} or more` },
    fix: 'Arm fewer in one process.',
  });
}

/** A failpoint as it is written. */
export function failpointText({ write, side, action, nth }: Failpoint): string {
  return `${write}.${side}:${action}:${nth}`;
}

/** What a process with several armed failpoints says on stderr before one of them acts. */
export const failpointActs = 'failpoint acts: ';

/** A failpoint that can be armed, without its action and occurrence. */
export interface FailpointPlace {
  /** `<write>.<before|after>`. */
  readonly failpoint: string;
  /** File or table. */
  readonly where: string;
}

/** Both sides of every durable write. @param writes name → file or table, as a package lists them. */
export function failpointPlaces(writes: Readonly<Record<string, string>>): FailpointPlace[] {
  return Object.entries(writes).flatMap(([write, where]) => [
    { failpoint: `${write}.before`, where },
    { failpoint: `${write}.after`, where },
  ]);
}

/** Counts the passes of one process through each of its failpoints. */
export class ArmedFailpoints {
  readonly #armed: readonly { readonly failpoint: Failpoint; passes: number }[];
  readonly #ports: FailpointPorts;

  constructor(failpoints: readonly Failpoint[], ports: FailpointPorts) {
    this.#armed = failpoints.map((failpoint) => ({ failpoint, passes: 0 }));
    this.#ports = ports;
  }

  /** Do a durable write, with what is armed on its two sides. */
  async around<Result>(write: string, work: () => Promise<Result>): Promise<Result> {
    await this.#pass(write, 'before');
    const result = await work();
    await this.#pass(write, 'after');
    return result;
  }

  async #pass(write: string, side: Failpoint['side']): Promise<void> {
    const here = this.#armed.filter(({ failpoint }) => failpoint.write === write && failpoint.side === side);
    for (const one of here) one.passes += 1;
    for (const { failpoint, passes } of here) if (passes === failpoint.nth) await this.#act(failpoint);
  }

  async #act(failpoint: Failpoint): Promise<void> {
    if (this.#armed.length > 1) this.#ports.say(failpointText(failpoint));
    switch (failpoint.action) {
      case 'crash':
        return this.#ports.crash();
      case 'delay':
        return this.#ports.delay();
      case 'error':
        throw Object.assign(new Error(`${variable}: EIO: i/o error`), { code: 'EIO' });
    }
  }
}

const ports: FailpointPorts = {
  // Not through the stream: nothing of it would be left after a crash.
  say: (failpoint) => void writeSync(2, `${failpointActs}${failpoint}\n`),
  // Delivered before the call returns: no handler, no flush, no `exit` event.
  crash: () => process.kill(process.pid, 'SIGKILL'),
  delay: () => new Promise((resolve) => setTimeout(resolve, delayMillis)),
};

// Looked at once: in every other process a durable write costs one comparison more.
const armed = isTest() && process.env[variable] !== undefined ? arm(process.env[variable]) : undefined;

/**
 * Do a durable write under its name. Every write that a promise rests on goes through here, so that a test can end the process on
 * either side of it.
 *
 * @param write its name in the list that its package exports. @returns what `work` does.
 */
export function durably<Result>(write: string, work: () => Promise<Result>): Promise<Result> {
  return armed === undefined ? work() : armed.around(write, work);
}

/**
 * Both doors call it first: a process that was told to end itself in the middle of a write is no service.
 *
 * @throws `invalid-argument` when a failpoint is set and this is not a test (`NODE_ENV=test`).
 */
export function requireNoFailpoint(environment: Readonly<Record<string, string | undefined>> = process.env): void {
  if (environment[variable] === undefined || isTest(environment)) return;
  throw new FederatedError(
    'invalid-argument',
    `${variable} is set: it makes this process end in the middle of a write`,
    {
      detail: { required: `no ${variable}`, offered: environment[variable].slice(0, 80) },
      fix: `Unset ${variable}. It is for tests of the software, with NODE_ENV=test.`,
    },
  );
}

function isTest(environment: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return environment.NODE_ENV === 'test';
}

function arm(text: string): ArmedFailpoints {
  return new ArmedFailpoints(parseFailpoints(text), ports);
}
