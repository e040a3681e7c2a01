import { type ErrorCode, type ErrorDetail, FederatedError } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { correlationHeader, readCorrelationId } from '@concordat/proto';
import type { Metadata } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { LineBudget } from '../observe/line-budget.js';

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
  readonly #budget: LineBudget;
  readonly #count: (code: ErrorCode) => void;

  /** @param count hears the code of every error, also of those that are not written. */
  constructor(log: Logger, clock: Pick<Clock, 'monotonicMillis'>, count: (code: ErrorCode) => void = () => undefined) {
    this.#log = log;
    this.#budget = new LineBudget(linesPerSecond, clock);
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
    const unwritten = this.#budget.take();
    if (unwritten === undefined) return;
    const { code, message, detail } = error;
    this.#log.info({ ...call, code, ...ruleOf(detail), reason: message, ...unwritten }, 'a call was refused');
  }
}

function ruleOf({ rule }: ErrorDetail) {
  return rule === undefined ? {} : { rule };
}
