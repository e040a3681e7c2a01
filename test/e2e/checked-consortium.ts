import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClientEvent,
  enroll,
  FederatedClient,
  parsePolicy,
  registerParticipantCommands,
  type Trainer,
} from '@concordat/client-sdk';
import { type ProgressEvent, registerCoordinatorCommands } from '@concordat/coordinator';
import type { CryptoPort, PlanDraft } from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { TestConsortium } from '../coordinator/consortium.js';
import { moveTo } from '../support/moved-participant.js';
import { stepping } from '../support/stepping.js';
import { type Said, typed } from '../support/typed.js';

/** node:crypto whose first keystream in a sum is wrong by one in lane 17 of its second chunk, while `lies` says so. */
export function lyingCrypto(lies: () => boolean): CryptoPort {
  const at = 49_152 + 17 * 3;
  let told = false;
  return {
    ...nodeCrypto,
    openKeystream(key, fromByte) {
      const stream = nodeCrypto.openKeystream(key, fromByte);
      let next = fromByte;
      return {
        next(length) {
          const bytes = stream.next(length);
          const place = at - next;
          next += length;
          if (told || !lies() || place < 0 || place >= length) return bytes;
          told = true;
          bytes[place]! ^= 1;
          return bytes;
        },
      };
    },
  };
}

export const policyText = `
schema: concordat/policy/1
proposers: [operator]
purposes: [test]
cohort: {min: 3}
differentialPrivacy: optional
approval: automatic
metrics: [accuracy]
`;
const policy = parsePolicy(policyText);

/** Enrolled organizations with real clients over mutual TLS. */
export class CheckedConsortium {
  readonly consortium: TestConsortium;
  readonly #root = mkdtempSync(join(tmpdir(), 'concordat-check-'));
  readonly names: readonly string[];
  /** What each client said, while `keepsEvents`. */
  readonly events: ReadonlyMap<string, ClientEvent[]>;
  keepsEvents = true;
  /** Told of every event of every client. */
  onEvent: (name: string, event: ClientEvent) => void = () => undefined;
  /** Everybody's update is another one, within the clipping norm. */
  trainerOf = (name: string): Trainer => stepping(0.001 * (1 + this.names.indexOf(name)));
  readonly #clients = new Map<string, FederatedClient>();

  private constructor(consortium: TestConsortium, names: readonly string[]) {
    this.consortium = consortium;
    this.names = names;
    this.events = new Map(names.map((name) => [name, []]));
  }

  static async enrol(names: readonly string[], crypto: CryptoPort = nodeCrypto): Promise<CheckedConsortium> {
    const enrolled = new CheckedConsortium(await TestConsortium.open({ crypto }), names);
    const { operator } = enrolled.consortium;
    for (const name of names) {
      const invitation = await operator.invite(name, `${name} ltd`, 0);
      const onPending = (fingerprint: string) => void operator.admit(name, fingerprint);
      await enroll({ invitation, directory: enrolled.directoryOf(name), pollMillis: 1, onPending });
    }
    return enrolled;
  }

  directoryOf(name: string): string {
    return join(this.#root, name);
  }

  /** From now on its client dials `address`. */
  redirect(name: string, address: string): void {
    moveTo(this.directoryOf(name), address);
  }

  async open(name: string): Promise<FederatedClient> {
    const client = await FederatedClient.open({
      directory: this.directoryOf(name),
      trainer: this.trainerOf(name),
      policy,
      onEvent: (event) => {
        if (this.keepsEvents) this.events.get(name)!.push(event);
        this.onEvent(name, event);
      },
    });
    this.#clients.set(name, client);
    return client;
  }

  async close(name: string): Promise<void> {
    await this.#clients.get(name)?.close();
    this.#clients.delete(name);
  }

  /** One run of everybody. @returns how each client ended, and what the operator saw. */
  async run(draft: Partial<PlanDraft>): Promise<{ ends: Map<string, unknown>; seen: ProgressEvent[] }> {
    const { plan, planHash } = await this.consortium.propose(draft);
    return this.follow(planHash, plan.run);
  }

  /** One run of everybody, of a plan that is proposed. */
  async follow(planHash: Uint8Array, run: string): Promise<{ ends: Map<string, unknown>; seen: ProgressEvent[] }> {
    const { operator } = this.consortium;
    const ends = new Map<string, unknown>();
    const ended = this.names.map(async (name) => {
      const client = await this.open(name);
      const end = await client.run({ once: true }).catch((error: unknown) => error);
      ends.set(name, end);
      await this.close(name);
    });
    await operator.startRun(planHash, run);
    const seen: ProgressEvent[] = [];
    const watching = operator.watch(run, 1, ({ event }) => void seen.push(event)).catch(() => undefined);
    await Promise.all(ended);
    await this.consortium.coordinator.run?.abort('the test is over');
    await watching;
    return { ends, seen };
  }

  journal(name: string): string {
    return readFileSync(join(this.directoryOf(name), 'journal.log'), 'latin1');
  }

  /** `concordat participant …`, in this process. */
  type(...args: string[]): Promise<Said> {
    return typed(registerParticipantCommands, ['participant', ...args]);
  }

  /** `concordat coordinator …` against the running coordinator. */
  operate(...args: string[]): Promise<Said> {
    const { directory, coordinator } = this.consortium;
    const flags = ['--directory', directory, '--address', coordinator.address];
    return typed(registerCoordinatorCommands, ['coordinator', ...args, ...flags]);
  }

  async end(): Promise<void> {
    for (const name of [...this.#clients.keys()]) await this.close(name);
    await this.consortium.close();
    rmSync(this.#root, { recursive: true, force: true });
  }
}
