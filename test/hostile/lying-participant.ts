import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { FederatedClient } from '@concordat/client-sdk';
import type { ProgressEvent, RoundReport } from '@concordat/coordinator';
import { decodeSafetensors } from '@concordat/core';
import { tlsTransport } from '@concordat/node';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { pino } from 'pino';
import { connect, federated, type Member } from '../coordinator/consortium.js';
import { type Behaviour, MachineParticipant } from '../coordinator/machine-participant.js';
import { RecordingRelay } from '../e2e/recording-relay.js';
import { hurriedClock } from '../support/hurried-clock.js';
import { ruleOf } from '../support/rules.js';
import { automaticPolicy } from '../support/stepping.js';
import { EnrolledConsortium, modelOf, names } from './consortium.js';
import { Evidence } from './evidence.js';
import { deltaOf, exactTrainer, unitsPerOne } from './exact-trainer.js';
import { exactSum, type HostileCase } from './hostile-case.js';

export interface ParticipantCase extends HostileCase {
  readonly behaviour?: Partial<Behaviour>;
  /** Told of everything that the operator is told. */
  readonly during?: (event: ProgressEvent, play: Play) => Promise<void> | void;
}

const liar = names[0];
const honest = names.slice(1);
/** Nobody is waited for: whoever keeps the others waiting is given up by `hurry`. */
const deadlines = { selectMillis: 60_000, readyMillis: 60_000, stepMillis: 60_000, graceMillis: 60_000 };

/** One case under way. */
export interface Play {
  readonly acme: MachineParticipant;
  readonly runId: string;
  /** Whatever deadline is running is over. */
  hurry(): void;
  /** The operator ends the run. */
  end(reason: string): Promise<boolean>;
  /** Send bytes as they are. @throws what the coordinator answers. */
  raw(path: string, bytes: Uint8Array): Promise<void>;
}

/** A real coordinator, four real clients behind relays that note what leaves them, and a fifth participant by hand. */
export class LyingParticipantStage {
  readonly #consortium: EnrolledConsortium;
  readonly #clock: ReturnType<typeof hurriedClock>;
  readonly #evidence: Evidence;
  readonly #clients = new Map<string, FederatedClient>();
  readonly #relays: RecordingRelay[] = [];
  readonly #refused: { readonly participant: string; readonly rule: string }[] = [];
  #member!: Member;
  #raw!: Client;
  #runs = 0;

  private constructor(consortium: EnrolledConsortium, clock: ReturnType<typeof hurriedClock>, evidence: Evidence) {
    this.#consortium = consortium;
    this.#clock = clock;
    this.#evidence = evidence;
  }

  static async open(): Promise<LyingParticipantStage> {
    const clock = hurriedClock();
    const evidence = new Evidence();
    const written = new Writable({
      write(chunk: Buffer, _encoding, done) {
        evidence.texts.push(chunk.toString());
        done();
      },
    });
    const consortium = await EnrolledConsortium.enrol({ clock, log: pino({ level: 'trace' }, written) });
    const stage = new LyingParticipantStage(consortium, clock, evidence);
    await consortium.real.operator.put(consortium.topology);
    await stage.#openClients();
    stage.#openLiar();
    return stage;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
    for (const relay of this.#relays) await relay.close();
    this.#raw.close();
    for (const stub of Object.values(this.#member.stubs)) stub.close();
    await this.#consortium.close();
  }

  /** Play a lying participant against the coordinator, and hold what came of it against the verdict. */
  async expectVerdict(one: ParticipantCase): Promise<void> {
    this.#runs += 1;
    this.#refused.length = 0;
    const { operator, coordinator } = this.#consortium.real;
    const runId = `lie-${this.#runs}`;
    await operator.put(modelOf(this.#runs));
    const { signed } = this.#consortium.plan({ run: runId, rounds: 1, deadlines }, this.#runs);
    const planHash = await operator.propose(signed);
    const delta = (_parameters: number, round: number) => deltaOf(liar, round);
    const acme = new MachineParticipant(this.#member, { delta, ...one.behaviour, clientEpoch: this.#runs });
    const play: Play = {
      acme,
      runId,
      hurry: () => this.#clock.hurry(),
      end: (reason) => operator.endRun(runId, reason),
      raw: (path, bytes) => this.#send(path, bytes),
    };
    await acme.connect();
    const ended = [...this.#clients.values()].map((client) => client.run({ once: true }));
    await operator.startRun(planHash, runId);
    const reports: RoundReport[] = [];
    const told: (Promise<void> | void)[] = [];
    const listen = ({ event }: { readonly event: ProgressEvent }) => {
      if (event.type === 'round') reports.push(event);
      told.push(one.during?.(event, play));
    };
    await operator.watch(runId, 1, listen);
    await Promise.all([...ended, ...told]);
    acme.leave();
    const [bias] = decodeSafetensors(await operator.get(coordinator.run!.modelHash));
    const ends = reports.map((report) => endOf(report, bias!.values, this.#runs));
    const refuses: Record<string, string[]> = {};
    const coordinators = acme.rejections.map((error) => ({ participant: 'coordinator', rule: ruleOf(error)! }));
    for (const { participant, rule } of [...coordinators, ...this.#refused]) {
      refuses[participant] = [...(refuses[participant] ?? []), rule];
    }
    expect({ refuses, ends }).to.deep.equal(one.verdict);
    expect(this.#evidence.violations(honest, 1)).to.deep.equal([]);
  }

  async #openClients(): Promise<void> {
    const { real, tls } = this.#consortium;
    for (const name of honest) {
      const directory = this.#consortium.directoryOf(name, 'the relay is not there yet');
      this.#evidence.secretsOf(name, directory);
      const address = () => real.coordinator.address;
      const options = { participant: name, directory, tls, address, evidence: this.#evidence };
      const relay = await RecordingRelay.listen(options);
      this.#relays.push(relay);
      this.#consortium.redirect(directory, relay.address);
      const client = await FederatedClient.open({
        directory,
        trainer: exactTrainer(name),
        policy: automaticPolicy,
        onEvent: (event) => {
          this.#evidence.texts.push(JSON.stringify(event));
          if (event.type === 'refused') this.#refused.push({ participant: name, rule: ruleOf(event.error)! });
        },
      });
      this.#clients.set(name, client);
    }
  }

  #openLiar(): void {
    const { real, signers, tls } = this.#consortium;
    const directory = this.#consortium.directoryOf(liar, real.coordinator.address);
    const read = (file: string) => readFileSync(join(directory, file), 'utf8');
    const { authorityPem } = tls;
    const own = { authorityPem, certificatePem: read('certificate.pem'), privateKeyPem: read('tls.key') };
    const { address } = real.coordinator;
    this.#member = { id: liar, signer: signers.get(liar)!, tls: own, stubs: connect(address, own) };
    this.#raw = new Client(address, credentials.createInsecure(), {
      channelOverride: tlsTransport.channel(address, own),
    });
  }

  #send(path: string, bytes: Uint8Array): Promise<void> {
    const asIs = (value: Buffer) => value;
    return new Promise((resolve, reject) => {
      this.#raw.makeUnaryRequest(path, asIs, asIs, Buffer.from(bytes), (error: ServiceError | null) => {
        if (error === null) resolve();
        else reject(federated(error));
      });
    });
  }
}

/** `sum of a, b, c` when the model moved by exactly their mean; else what came instead. */
function endOf({ outcome, reason, survivors, round }: RoundReport, values: Float32Array, initial: number): string {
  if (outcome !== 'published') return `no sum: ${reason}`;
  const units = exactSum(survivors, round);
  const off = units.findIndex(
    (sum, i) => Math.abs((values[i]! - initial) * unitsPerOne * survivors.length - sum) > 0.6,
  );
  return off === -1 ? `sum of ${survivors.join(', ')}` : `WRONG SUM of ${survivors.join(', ')}`;
}
