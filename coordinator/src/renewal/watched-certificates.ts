import { FederatedError } from '@concordat/core';
import type { CertifiedKey, Clock } from '@concordat/node';
import type { Logger } from 'pino';
import { readCoordinatorKeys } from '../consortium-directory.js';
import { Recurring } from '../recurring.js';
import type { RosterKeeper } from '../roster-keeper.js';
import type { CoordinatorServer } from '../transport/server.js';

export interface WatchedOptions {
  readonly directory: string;
  readonly server: Pick<CoordinatorServer, 'renew'>;
  readonly roster: Pick<RosterKeeper, 'certify'>;
  readonly clock: Pick<Clock, 'after' | 'monotonicMillis'>;
  readonly log: Logger;
  /** What was read at the start. */
  readonly shown: CertifiedKey;
}

/** The files are looked at this often, beside whenever somebody asks. */
const lookMillis = 60_000;

/** The certificates of a running coordinator: files that were renewed are taken without a restart, damaged ones are not. */
export class WatchedCertificates {
  readonly #options: WatchedOptions;
  #shown: CertifiedKey;
  #rosterCertificate: string | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #looks: Recurring;

  constructor(options: WatchedOptions) {
    this.#options = options;
    this.#shown = options.shown;
    this.#looks = new Recurring(options.clock, lookMillis, () => this.#look());
  }

  /** The certificate that is shown, PEM. */
  get certificatePem(): string {
    return this.#shown.certificatePem;
  }

  /**
   * Take what is in the files now.
   *
   * @throws what is wrong with them; what was taken before stays.
   */
  reload(): Promise<void> {
    const done = this.#tail.then(() => this.#reload());
    this.#tail = done.catch(() => undefined);
    return done;
  }

  /** Look no more. */
  async close(): Promise<void> {
    this.#looks.close();
    await this.#tail;
  }

  async #reload(): Promise<void> {
    const { directory, server, roster, log } = this.#options;
    const { server: pair, rosterKeyCertificate } = await readCoordinatorKeys(directory);
    if (pair.certificatePem !== this.#shown.certificatePem) {
      server.renew(pair);
      this.#shown = pair;
      log.info('the renewed TLS certificate is shown from now on');
    }
    const signature = Buffer.from(rosterKeyCertificate.signature).toString('hex');
    if (signature === this.#rosterCertificate) return;
    roster.certify(rosterKeyCertificate);
    if (this.#rosterCertificate !== undefined)
      log.info('the renewed certificate of the roster key is shown from now on');
    this.#rosterCertificate = signature;
  }

  async #look(): Promise<void> {
    await this.reload().catch((error: unknown) => {
      const { message, fix } = error instanceof FederatedError ? error : { message: String(error), fix: '' };
      this.#options.log.error({ reason: message, fix }, 'the certificate files cannot be used; the old ones stay');
    });
  }
}
