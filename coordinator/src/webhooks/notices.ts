import { printable } from '@concordat/core';
import type { Clock } from '@concordat/node';
import type { ParticipantRow } from '../enrolment/enrolment.js';
import type { CertificateEnd } from '../observe/certificate-ends.js';
import type { ProgressEvent } from '../run/progress.js';
import type { RunStanding } from '../run/standing.js';
import type { Notice } from './webhook.js';

export interface NoticesOptions {
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallMillis: () => number;
  /** Those that the coordinator shows. */
  readonly certificates: () => readonly CertificateEnd[];
  /** The run that goes on here, and where it stands. */
  readonly standing: () => { readonly run: string; readonly standing: RunStanding | undefined } | undefined;
  readonly participants: () => Promise<readonly Pick<ParticipantRow, 'participant' | 'organization' | 'state'>[]>;
  readonly tell: (notice: Notice) => void;
}

/** How often it is looked whether somebody waits. */
export const lookMillis = 30_000;
/** The same waiting is told after so long, once. */
const awaitedMillis = 30 * 60_000;
const dayMillis = 24 * 3_600_000;
const expiringMillis = 21 * dayMillis;
const runbook = (section: string) => `docs/operating.md#${section}`;

/** Decides what a person should hear of: events of the run at once, and what lasts too long when it is looked for. */
export class Notices {
  readonly #options: NoticesOptions;
  readonly #pending = new Set<string>();
  #run = '';
  #waiting: { readonly key: string; readonly since: number; told: boolean } | undefined;
  readonly #expiryToldMillis = new Map<string, number>();
  #cancel: () => void = () => undefined;
  #closed = false;

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  /** Look now, and again and again until it is closed. Never rejects. */
  async watch(): Promise<void> {
    if (this.#closed) return;
    // A store that does not answer now is asked again; whoever writes it tells what is wrong.
    await this.look().catch(() => undefined);
    if (!this.#closed) this.#cancel = this.#options.clock.after(lookMillis, () => void this.watch());
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  note(event: ProgressEvent): void {
    const run = this.#run;
    switch (event.type) {
      case 'started':
        this.#run = event.run;
        break;
      case 'paused':
        this.#tell({
          event: 'run-paused',
          run,
          text: `run ${run} is paused: ${event.reason}`,
          runbook: runbook('concordatrunpaused'),
        });
        break;
      case 'finished': {
        const text = `run ${run} is ${event.outcome} with model version ${event.modelVersion}: ${event.reason}`;
        this.#tell({ event: 'run-ended', run, text, runbook: runbook('concordatrunended') });
        break;
      }
      case 'round':
      case 'evaluation': {
        if (event.outcome !== 'abandoned') break;
        const { round, reason } = event;
        const text = `round ${round} of run ${run} is abandoned: ${reason}. See: concordat coordinator explain --run ${run} --round ${round}`;
        this.#tell({ event: 'round-abandoned', run, round, text, runbook: runbook('concordatroundsabandoned') });
        break;
      }
      case 'verdict': {
        if (event.verdict !== 'disputed') break;
        const { round, participant } = event;
        const text = `${participant} does not accept the sum of round ${round} of run ${run}`;
        this.#tell({
          event: 'disputed',
          run,
          round,
          participants: [participant],
          text,
          runbook: runbook('concordatdisputed'),
        });
        break;
      }
    }
  }

  /** Tell what has lasted too long; each once. */
  async look(): Promise<void> {
    this.#lookAtStanding();
    this.#lookAtCertificates();
    for (const { participant, organization, state } of await this.#options.participants()) {
      if (state !== 'pending') {
        this.#pending.delete(participant);
        continue;
      }
      if (this.#pending.has(participant)) continue;
      this.#pending.add(participant);
      const text = `${organization} has enrolled as ${participant} and waits for an operator to compare fingerprints: concordat coordinator participants`;
      this.#tell({
        event: 'approval-needed',
        participants: [participant],
        text,
        runbook: runbook('concordatapprovalneeded'),
      });
    }
  }

  #lookAtStanding(): void {
    const { clock, standing } = this.#options;
    const now = clock.monotonicMillis();
    const { run = '', standing: at } = standing() ?? {};
    if (at?.waiting === undefined) {
      this.#waiting = undefined;
      return;
    }
    const { round, phase, waiting } = at;
    const key = `${run}/${round}/${phase}`;
    if (this.#waiting?.key !== key) this.#waiting = { key, since: now, told: false };
    if (this.#waiting.told || now - this.#waiting.since < awaitedMillis) return;
    this.#waiting.told = true;
    const text = `round ${round} of run ${run}, ${phase}: ${waiting.text}`;
    const participants = waiting.awaited;
    this.#tell({
      event: 'awaited-too-long',
      run,
      round,
      participants,
      text,
      runbook: runbook('concordatawaitedtoolong'),
    });
  }

  #lookAtCertificates(): void {
    const now = this.#options.wallMillis();
    for (const { name, endsMillis, renewal } of this.#options.certificates()) {
      const left = endsMillis - now;
      const told = this.#expiryToldMillis.get(name) ?? Number.NEGATIVE_INFINITY;
      if (left > expiringMillis || now - told < dayMillis) continue;
      this.#expiryToldMillis.set(name, now);
      const days = Math.max(0, Math.floor(left / dayMillis));
      const date = new Date(endsMillis).toISOString().slice(0, 10);
      const text = `${name} runs out in ${days} ${days === 1 ? 'day' : 'days'}, on ${date}: concordat coordinator ${renewal}`;
      this.#tell({ event: 'certificate-expiring', text, runbook: runbook('concordatcertificateexpires') });
    }
  }

  #tell(notice: Notice): void {
    this.#options.tell({ ...notice, text: printable(notice.text) });
  }
}
