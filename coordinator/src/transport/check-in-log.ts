import { printable } from '@concordat/core';
import type { Clock } from '@concordat/node';
import { correlationHeader, readCorrelationId } from '@concordat/proto';
import type { Metadata } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { LineBudget } from '../observe/line-budget.js';

/** A client's stream, as it was asked for. */
export interface OpenedStream {
  readonly participant: string;
  readonly metadata: Metadata;
  /** What the client says it is. */
  readonly software: string;
  readonly clientEpoch: number;
}

/** Streams opened and closed that are written in one second. */
const linesPerSecond = 20;
const softwareCharactersMax = 80;

/** Writes who came and went, with the correlation id that the client writes into its own log when it is connected. */
export class CheckInLog {
  readonly #log: Logger;
  readonly #budget: LineBudget;

  constructor(log: Logger, clock: Pick<Clock, 'monotonicMillis'>) {
    this.#log = log;
    this.#budget = new LineBudget(linesPerSecond, clock);
  }

  /** @returns call it when the stream is gone. */
  opened({ participant, metadata, clientEpoch, ...said }: OpenedStream): () => void {
    const correlationId = readCorrelationId(metadata.get(correlationHeader)[0]);
    const stream = { participant, ...(correlationId === undefined ? {} : { correlationId }) };
    const software = printable(said.software).slice(0, softwareCharactersMax);
    this.#write({ ...stream, software, clientEpoch }, 'a client checked in');
    return () => this.#write(stream, 'a client left');
  }

  #write(fields: object, message: string): void {
    const unwritten = this.#budget.take();
    if (unwritten !== undefined) this.#log.info({ ...fields, ...unwritten }, message);
  }
}
