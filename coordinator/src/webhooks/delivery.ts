import type { Clock } from '@concordat/node';
import type { Logger } from 'pino';
import { software } from '../transport/versions.js';
import { signatureHeader, signWebhook } from './signature.js';
import type { Notice, Webhook } from './webhook.js';

/** A notice with what makes it one: the same on every attempt. */
export interface SentNotice extends Notice {
  /** For receivers that want each once. */
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  readonly consortium: string;
}

export type DeliveryOutcome = 'delivered' | 'failed' | 'dropped';

export interface DeliveryOptions {
  readonly webhook: Webhook;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
  readonly log: Logger;
  readonly count: (outcome: DeliveryOutcome) => void;
}

/** Notices that wait for one receiver; more and the oldest is dropped. */
const queueMax = 64;
/** Between attempts; after the last a notice is given up. */
const pauseMillis = [1_000, 5_000, 30_000, 120_000, 600_000] as const;
const answerMillis = 10_000;
/** Answers that another attempt may change: too early, too many, and whatever the receiver says of itself. */
const worthAnother: ReadonlySet<number> = new Set([408, 425, 429]);

/** Brings notices to one receiver, one after another and in order. Nothing waits for it. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #queue: SentNotice[] = [];
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  add(notice: SentNotice): void {
    const { webhook, count, log } = this.#options;
    if (!webhook.events.includes(notice.event) || this.#stop.signal.aborted) return;
    this.#queue.push(notice);
    if (this.#queue.length > queueMax) {
      const [oldest] = this.#queue.splice(0, 1);
      count('dropped');
      log.warn(
        { webhook: placeOf(webhook), event: oldest!.event, id: oldest!.id },
        'a notice is dropped: too many wait',
      );
    }
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** What is not delivered yet is given up: nothing is lost by it, `status` says the same. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#queue.length = 0;
    await this.#working;
  }

  async #work(): Promise<void> {
    for (let notice = this.#queue.shift(); notice !== undefined; notice = this.#queue.shift()) {
      await this.#deliver(notice);
    }
  }

  async #deliver(notice: SentNotice): Promise<void> {
    const { webhook, clock, log, count } = this.#options;
    const { signal } = this.#stop;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const failure = await this.#attempt(notice);
      if (signal.aborted) return;
      const pause = failure?.final === true ? undefined : pauseMillis[attempt];
      if (failure !== undefined && pause !== undefined) {
        await clock.sleep(pause, signal);
        continue;
      }
      count(failure === undefined ? 'delivered' : 'failed');
      const { id, event } = notice;
      if (failure !== undefined) {
        log.warn(
          { webhook: placeOf(webhook), event, id, attempts: attempt + 1, reason: failure.reason },
          'a notice could not be delivered',
        );
      }
      return;
    }
  }

  /** @returns why it did not arrive; undefined when it did. */
  async #attempt(notice: SentNotice): Promise<{ readonly reason: string; readonly final: boolean } | undefined> {
    const { webhook, wallMillis } = this.#options;
    const body = JSON.stringify(notice);
    const seconds = Math.floor(wallMillis() / 1000);
    try {
      const answer = await fetch(webhook.url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'user-agent': software,
          'concordat-event': notice.event,
          'concordat-delivery': notice.id,
          [signatureHeader]: signWebhook(webhook.secret, seconds, body),
        },
        body,
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(answerMillis)]),
      });
      // What a receiver says is nothing to us, however much it is.
      await answer.body?.cancel();
      if (answer.ok) return undefined;
      return {
        reason: `answered with ${answer.status}`,
        final: answer.status < 500 && !worthAnother.has(answer.status),
      };
    } catch (error) {
      const { cause, message } = error as Error;
      return { reason: cause instanceof Error ? cause.message : message, final: false };
    }
  }
}

/** Where it goes, without path and query: they may be what a receiver knows its sender by. */
function placeOf({ url }: Webhook): string {
  return new URL(url).origin;
}
