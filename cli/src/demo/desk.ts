import { badArguments, ourBug } from '../envelope.js';
import { CommandFailure } from '../failure.js';
import type { Line, Processes } from './processes.js';

/** Runs our own commands for the operator or an organization, as each would type them, and reads their envelopes. */
export class Desk {
  readonly #processes: Processes;
  readonly #logPath: string;

  /** @param logPath where the commands' stderr goes. */
  constructor(processes: Processes, logPath: string) {
    this.#processes = processes;
    this.#logPath = logPath;
  }

  /**
   * Run one command to its end.
   *
   * @returns `data` of its envelope.
   * @throws CommandFailure with the command's own code, message and fix.
   */
  async type(...args: readonly string[]): Promise<Line> {
    const { exitCode, envelope } = await this.#processes.run([...args, '--json'], { logPath: this.#logPath });
    const data = envelope?.data;
    if (exitCode === 0 && typeof data === 'object' && data !== null) return data as Line;
    throw failureOf(args, exitCode, envelope);
  }
}

function failureOf(args: readonly string[], exitCode: number, envelope: Line | undefined): CommandFailure {
  const error = (envelope?.error ?? {}) as {
    readonly code?: unknown;
    readonly message?: unknown;
    readonly fix?: unknown;
  };
  const command = args
    .filter((arg) => !arg.startsWith('-'))
    .slice(0, 3)
    .join(' ');
  const message =
    typeof error.message === 'string' ? error.message : `it ended with exit code ${exitCode} and no envelope`;
  return new CommandFailure(`concordat ${command}: ${message}`, {
    code: typeof error.code === 'string' ? error.code : 'internal',
    // Our own command line was wrong or the child broke: that is our bug, whoever typed the demo.
    exitCode: exitCode === badArguments || exitCode < 1 ? ourBug : exitCode,
    fix: typeof error.fix === 'string' ? error.fix : undefined,
  });
}
