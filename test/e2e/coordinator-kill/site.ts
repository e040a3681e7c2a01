import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientEvent, enroll, FederatedClient, type RunEnd } from '@concordat/client-sdk';
import type { CryptoPort } from '@concordat/core';
import { type Clock, nodeCrypto, systemClock, type Transport, tlsTransport } from '@concordat/node';
import { connect, disconnect, type Stubs, TestConsortium } from '../../coordinator/consortium.js';
import { automaticPolicy } from '../../support/stepping.js';
import { exactTrainer } from './exact-model.js';
import type { Levers } from './levers.js';

/** In cohort order; what happens to one happens to the last, and its name is in no sum of that round. */
export const names = ['acme', 'bluebird', 'cobalt', 'delta', 'echo', 'foxtrot'] as const;

/** Real time, but nobody waits long before dialling again: a campaign has hundreds of deaths. */
const impatient: Clock = {
  ...systemClock,
  sleep: (millis, signal) => systemClock.sleep(Math.min(millis, 100), signal),
};
const policy = {
  ...automaticPolicy,
  roster: { ...automaticPolicy.roster, additions: 'auto' },
  cohort: { ...automaticPolicy.cohort, min: 3 },
} as const;

/** What is otherwise with the participants of one run. */
export interface Company {
  readonly crypto?: (name: string) => CryptoPort;
  /** Resolves when a participant may train. */
  readonly mayFit?: (name: string, round: number) => Promise<void>;
  readonly onEvent?: (name: string, event: ClientEvent) => void;
}

/** Six organizations enrolled with one coordinator, and their clients while a run goes on. */
export class Site {
  readonly consortium: TestConsortium;
  readonly #directory = mkdtempSync(join(tmpdir(), 'concordat-killed-'));
  readonly #stubs = new Map<string, Stubs>();
  #address = '';
  #clients: FederatedClient[] = [];

  private constructor(consortium: TestConsortium) {
    this.consortium = consortium;
  }

  static async open(): Promise<Site> {
    const site = new Site(await TestConsortium.open());
    const { operator, coordinator } = site.consortium;
    for (const name of names) {
      const invitation = await operator.invite(name, name, 0);
      const onPending = (fingerprint: string) => void operator.admit(name, fingerprint);
      await enroll({ invitation, directory: site.directoryOf(name), pollMillis: 1, onPending });
    }
    site.moveTo(coordinator.address);
    return site;
  }

  directoryOf(name: string): string {
    return join(this.#directory, name);
  }

  /** From now on its clients dial `address`. */
  moveTo(address: string): void {
    this.#address = address;
    for (const name of names) {
      const path = join(this.directoryOf(name), 'enrolment.json');
      writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), address }));
    }
  }

  /** Every participant starts, and takes part in one run. @returns how each ends. */
  async takePart(
    levers: Levers,
    transport: Transport,
    company: Company,
  ): Promise<{ readonly ends: Promise<(RunEnd | Error)[]> }> {
    const { crypto = () => nodeCrypto, mayFit = async () => undefined, onEvent = () => undefined } = company;
    for (const name of names) {
      const options = {
        directory: this.directoryOf(name),
        trainer: exactTrainer(name, (round) => mayFit(name, round)),
        policy,
        transport: levers.transport(name, transport),
        clock: impatient,
        crypto: crypto(name),
        onEvent: (event: ClientEvent) => onEvent(name, event),
      };
      this.#clients.push(await FederatedClient.open(options));
    }
    const ends = this.#clients.map((client) => client.run({ once: true }).catch((error: Error) => error));
    return { ends: Promise.all(ends) as Promise<(RunEnd | Error)[]> };
  }

  /** Every participant's client ends. */
  async part(): Promise<void> {
    const clients = this.#clients;
    this.#clients = [];
    await Promise.all(clients.map((client) => client.close()));
  }

  /** What anybody with a participant's keys could say. */
  stubsOf(name: string): Stubs {
    const known = this.#stubs.get(name);
    if (known !== undefined) return known;
    const read = (file: string) => readFileSync(join(this.directoryOf(name), file), 'utf8');
    const { authorityPem } = this.consortium.operatorKeys;
    const tls = { authorityPem, certificatePem: read('certificate.pem'), privateKeyPem: read('tls.key') };
    const stubs = connect(this.#address, tls, tlsTransport);
    this.#stubs.set(name, stubs);
    return stubs;
  }

  /** They dial anew when they are asked for again. */
  forgetStubs(): void {
    for (const stubs of this.#stubs.values()) disconnect(stubs);
    this.#stubs.clear();
  }

  async close(): Promise<void> {
    await this.part();
    this.forgetStubs();
    await this.consortium.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
