import type { OperatorClient } from '@concordat/coordinator';
import { FederatedError } from '@concordat/core';
import { type Transport, tlsTransport } from '@concordat/node';
import type { TestConsortium } from '../../coordinator/consortium.js';

/** Where a coordinator lives, and how it is reached. */
export interface House {
  readonly transport: Transport;
  /** host:port that an operator dials. */
  readonly address: string;
  /** Ask as an operator, until it answers. */
  operate<Result>(call: (operator: OperatorClient) => Promise<Result>): Promise<Result>;
  /** It is told to stop, and started again. */
  drain(): Promise<void>;
  /** Its store is lost, and a copy takes its place. @param run ends with it. @param copy a directory. */
  restore(run: string, copy: string): Promise<void>;
}

/** A coordinator to which nothing happens. */
export class LivingHouse implements House {
  readonly transport: Transport = tlsTransport;
  readonly #consortium: TestConsortium;

  constructor(consortium: TestConsortium) {
    this.#consortium = consortium;
  }

  get address(): string {
    return this.#consortium.coordinator.address;
  }

  operate<Result>(call: (operator: OperatorClient) => Promise<Result>): Promise<Result> {
    return call(this.#consortium.operator);
  }

  async drain(): Promise<void> {
    // Nothing happens to it.
  }

  async restore(run: string): Promise<void> {
    await this.operate((operator) => operator.endRun(run, 'a copy would not have it'));
  }
}

/** Repeat what a coordinator that dies did not answer. @param again between two tries. */
export async function insist<Result>(call: () => Promise<Result>, again: () => void): Promise<Result> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof FederatedError) || !['unavailable', 'deadline'].includes(error.code)) throw error;
      again();
      await pause(100);
    }
  }
}

export function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
