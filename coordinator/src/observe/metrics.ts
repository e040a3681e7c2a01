import type { ErrorCode } from '@concordat/core';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Desks } from '../desks.js';
import type { ProgressEvent } from '../run/progress.js';
import { runStateNames } from '../run/standing.js';
import type { DeliveryOutcome } from '../webhooks/delivery.js';
import { rosterKeyEnd, tlsEnd } from './certificate-ends.js';

/** Upper bounds in seconds: of a round without training up to one that waits for people. */
const roundBuckets = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];

/** What a scrape reads beside what was counted. */
export interface ObservedParts extends Pick<Desks, 'roster' | 'checkIns' | 'traffic' | 'runs'> {
  /** PEM of the certificate that the coordinator shows. */
  readonly certificatePem: () => string;
}

/**
 * What a coordinator tells Prometheus. No label names a participant: who is awaited is for `coordinator status`, and a thousand names are
 * a thousand time series.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #rounds: Counter<'kind' | 'outcome'>;
  readonly #seconds: Histogram<'kind'>;
  readonly #phaseSeconds: Histogram<'phase'>;
  readonly #dropouts: Counter<'step'>;
  readonly #verdicts: Counter<'verdict'>;
  readonly #refusals: Counter<'code'>;
  readonly #webhooks: Counter<'outcome'>;

  constructor() {
    const registers = [this.#registry];
    this.#rounds = new Counter({
      name: 'concordat_rounds_total',
      help: 'Rounds that ended.',
      labelNames: ['kind', 'outcome'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'concordat_round_seconds',
      help: 'Length of rounds, from the selection on.',
      labelNames: ['kind'],
      buckets: roundBuckets,
      registers,
    });
    this.#phaseSeconds = new Histogram({
      name: 'concordat_phase_seconds',
      help: 'Length of the phases of rounds.',
      labelNames: ['phase'],
      buckets: roundBuckets,
      registers,
    });
    this.#dropouts = new Counter({
      name: 'concordat_dropouts_total',
      help: 'Members lost to a round, by the step they were lost in.',
      labelNames: ['step'],
      registers,
    });
    this.#verdicts = new Counter({
      name: 'concordat_verdicts_total',
      help: 'What members found when they computed a sum anew.',
      labelNames: ['verdict'],
      registers,
    });
    this.#refusals = new Counter({
      name: 'concordat_refusals_total',
      help: 'Calls answered with an error, by its code.',
      labelNames: ['code'],
      registers,
    });
    this.#webhooks = new Counter({
      name: 'concordat_webhooks_total',
      help: 'Notices to webhooks that were delivered, failed for good, or were dropped.',
      labelNames: ['outcome'],
      registers,
    });
  }

  /** Count one notice to one receiver that came to an end. */
  webhook(outcome: DeliveryOutcome): void {
    this.#webhooks.inc({ outcome });
  }

  /** Count one event of a run. */
  note(event: ProgressEvent): void {
    switch (event.type) {
      case 'round':
        this.#rounds.inc({ kind: 'train', outcome: event.outcome });
        this.#seconds.observe({ kind: 'train' }, event.seconds);
        for (const [phase, seconds] of Object.entries(event.phases)) this.#phaseSeconds.observe({ phase }, seconds);
        for (const { step } of event.dropped) this.#dropouts.inc({ step });
        break;
      case 'evaluation':
        this.#rounds.inc({ kind: 'evaluate', outcome: event.outcome });
        break;
      case 'verdict':
        this.#verdicts.inc({ verdict: event.verdict });
        break;
    }
  }

  /** Count one call that was answered with an error. */
  refused(code: ErrorCode): void {
    this.#refusals.inc({ code });
  }

  /** Read these at every scrape from now on, and what the process itself uses. */
  observe(parts: ObservedParts): void {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#observePeople(parts, registers);
    this.#observeRun(parts, registers);
    this.#observeBytes(parts, registers);
    gauge(
      registers,
      'concordat_certificate_expires_seconds',
      'When the certificate that the coordinator shows runs out, in seconds since 1970.',
      () => tlsEnd(parts.certificatePem()).endsMillis / 1000,
    );
    gauge(
      registers,
      'concordat_roster_key_expires_seconds',
      "When the root's certificate of the roster key runs out, in seconds since 1970.",
      () => rosterKeyEnd(parts.roster).endsMillis / 1000,
    );
  }

  /** In Prometheus' text format, with its content type. */
  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #observePeople({ roster, checkIns }: ObservedParts, registers: Registry[]): void {
    const members = () => roster.current().roster.members.map(({ participantId }) => participantId);
    gauge(registers, 'concordat_participants', 'Participants in the roster.', () => members().length);
    gauge(
      registers,
      'concordat_participants_connected',
      'Participants with an open stream.',
      () => members().filter((participant) => checkIns.isConnected(participant)).length,
    );
  }

  #observeRun({ runs }: ObservedParts, registers: Registry[]): void {
    new Gauge({
      name: 'concordat_run_state',
      help: '1 for the state of the run that goes on here, 0 for the others.',
      labelNames: ['state'],
      registers,
      collect() {
        const now = runs.current?.stateName;
        for (const state of runStateNames) this.set({ state }, state === now ? 1 : 0);
      },
    });
    gauge(registers, 'concordat_model_version', 'Models that the run has published.', () => runs.current?.modelVersion);
    gauge(registers, 'concordat_round', 'The round under way.', () => runs.current?.standing?.round);
    const waiting = () => runs.current?.standing?.waiting;
    gauge(
      registers,
      'concordat_participants_awaited',
      'Participants whose answer the round waits for.',
      () => waiting()?.awaited.length,
    );
    gauge(
      registers,
      'concordat_wait_remaining_seconds',
      'Until the deadline of what is awaited.',
      () => (waiting()?.remainingMillis ?? 0) / 1000,
    );
  }

  #observeBytes({ traffic }: ObservedParts, registers: Registry[]): void {
    new Counter({
      name: 'concordat_bytes_total',
      help: 'Payload bytes since the start, without TLS and framing: up is from participants.',
      labelNames: ['direction'],
      registers,
      collect() {
        const { uploadBytes, downloadBytes } = traffic.total();
        this.reset();
        this.inc({ direction: 'up' }, uploadBytes);
        this.inc({ direction: 'down' }, downloadBytes);
      },
    });
  }
}

/** A number that is read at every scrape; 0 where there is none. */
function gauge(registers: Registry[], name: string, help: string, read: () => number | undefined): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read() ?? 0);
    },
  });
}
