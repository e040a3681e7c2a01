import { type ErrorCode, type ErrorDetail, FederatedError } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { correlationHeader, readCorrelationId } from '@concordat/proto';
import type { Metadata } from '@grpc/grpc-js';
import type { Logger } from 'pino';

/** A call that was answered with an error. */
export interface FailedCall {
  /** Full path, e.g. `/concordat.v1.Runs/Status`. */
  readonly method: string;
  /** Role and id, or `anonymous`. */
  readonly caller: string;
  readonly metadata: Metadata | undefined;
}

/** Refused calls written in one second; the rest are counted. A peer may not fill the disk with its own mistakes. */
const linesPerSecond = 20;

/**
 * Writes every failed call into the log with the correlation id that its caller was shown: an operator who is told the id finds
 * the line. Errors that are our bug are always written, with their stack.
 */
export class RefusalLog {
  readonly #log: Logger;
  readonly #clock: Pick<Clock, 'monotonicMillis'>;
  readonly #count: (code: ErrorCode) => void;
  #second = { number: -1, lines: 0 };
  #unwritten = 0;

  /** @param count hears the code of every error, also of those that are not written. */
  constructor(log: Logger, clock: Pick<Clock, 'monotonicMillis'>, count: (code: ErrorCode) => void = () => undefined) {
    this.#log = log;
    this.#clock = clock;
    this.#count = count;
  }

  note(error: unknown, { method, caller, metadata }: FailedCall): void {
    this.#count(error instanceof FederatedError ? error.code : 'internal');
    const correlationId = readCorrelationId(metadata?.get(correlationHeader)[0]);
    const call = { method, caller, ...(correlationId === undefined ? {} : { correlationId }) };
    if (!(error instanceof FederatedError) || error.code === 'internal') {
      this.#log.error({ err: error, ...call }, 'a call failed');
      return;
    }
    if (!this.#mayWrite()) return;
    const { code, message, detail } = error;
    const unwritten = this.#unwritten === 0 ? {} : { unwritten: this.#unwritten };
    this.#unwritten = 0;
    this.#log.info({ ...call, code, ...ruleOf(detail), reason: message, ...unwritten }, 'a call was refused');
  }

  #mayWrite(): boolean {
    const number = Math.floor(this.#clock.monotonicMillis() / 1000);
    if (this.#second.number !== number) this.#second = { number, lines: 0 };
    this.#second.lines++;
    if (this.#second.lines <= linesPerSecond) return true;
    this.#unwritten++;
    return false;
  }
}

function ruleOf({ rule }: ErrorDetail) {
  return rule === undefined ? {} : { rule };
}
