import {
  type CoordinatorMessage,
  encodePlan,
  FederatedError,
  type ParticipantMessage,
  type Plan,
  type RoundRecord,
  type RunOutcome,
  type RunProgress,
  rosterView,
  type Signed,
  type Signer,
  toBase64url,
  verifyRoster,
} from '@concordat/core';
import { type Clock, nodeCrypto, systemClock, type Transport } from '@concordat/node';
import type { LayersModel } from '../model/dense-network.js';
import type { Lie } from './lie.js';
import { PlayedParticipant } from './played-participant.js';
import { RunMachine } from './run-machine.js';
import { TestConsortium } from './test-consortium.js';
import { servedModel, type TestPlanDraft, testModel, testPlan } from './test-plan.js';
import { TestServer } from './transport/test-server.js';

/** Who takes part in a test, in what, and what is a lie of it. */
export interface TestCoordinatorOptions {
  /** Ids of the members, at least 3; five unless said. Whoever is not enrolled before `start` is played by the coordinator. */
  readonly participants?: readonly string[];
  /** What the plan says otherwise than the usual one: `purpose` "test", two rounds, c = 1, equal weights. */
  readonly plan?: TestPlanDraft;
  /** What is trained; 43 parameters unless said. */
  readonly model?: LayersModel;
  /** `test` unless said. */
  readonly consortium?: string;
  /** Deadlines of rounds and of `until`. */
  readonly clock?: Clock;
  /** Milliseconds since 1970. */
  readonly wallMillis?: () => number;
  /** What it does to enrolled participants instead of being honest. */
  readonly lie?: Lie;
}

/** A message of an enrolled participant, and how it was answered. */
export interface HeardMessage {
  readonly participant: string;
  readonly message: ParticipantMessage;
  readonly refused?: FederatedError;
}

const usualParticipants = ['acme', 'bluebird', 'cobalt', 'delta', 'echo'];
const patienceMillis = 30_000;

/**
 * Open a coordinator in this process, without sockets, database or training, for the tests of a program that embeds a client.
 *
 * ```ts
 * const coordinator = await openTestCoordinator();
 * await coordinator.enrol('acme', directory);
 * const client = await FederatedClient.open({ directory, transport: coordinator.transport, policy: testPolicy, trainer });
 * coordinator.start();
 * await client.run({ once: true });
 * coordinator.rounds[0].survivors; // acme among them
 * ```
 *
 * @throws `invalid-argument` or `refused` for a plan that cannot hold; see `completePlan`.
 */
export async function openTestCoordinator(options: TestCoordinatorOptions = {}): Promise<TestCoordinator> {
  const { participants = usualParticipants, consortium = 'test', wallMillis = Date.now } = options;
  const founded = await TestConsortium.found({ id: consortium, members: participants, wallMillis });
  return new TestCoordinator(founded, options);
}

/**
 * A coordinator of one run: the production machine that coordinates rounds and opens sums, behind the production codecs. Members that are
 * not enrolled are played by the production machine of participants. It is what a client sees; it enrols nobody by invitation, keeps no
 * transcripts (`aggregateCheck` stays off) and survives no restart.
 */
export class TestCoordinator {
  readonly consortium: TestConsortium;
  readonly plan: Plan;
  /** SHA-256 of the canonical plan. */
  readonly planHash: Uint8Array;
  /** SHA-256 of the roster epoch. */
  readonly rosterHash: Uint8Array;
  /** How each round went, oldest first. */
  readonly rounds: RoundRecord[] = [];
  /** Everything that enrolled participants said, oldest first. */
  readonly heard: HeardMessage[] = [];
  /** What happened, for those who watch. */
  readonly progress: RunProgress[] = [];
  /** How the run ended; undefined while it goes on. */
  outcome: RunOutcome | undefined;
  readonly #clock: Clock;
  readonly #wallMillis: () => number;
  readonly #lie: Lie;
  readonly #server: TestServer;
  readonly #machine: RunMachine;
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #plans = new Map<string, Signed>();
  readonly #enrolled = new Set<string>();
  readonly #connected = new Set<string>();
  readonly #played = new Map<string, PlayedParticipant>();
  #started = false;
  #changed: () => void = () => undefined;

  /** Use {@link openTestCoordinator}. */
  constructor(consortium: TestConsortium, options: TestCoordinatorOptions) {
    const { clock = systemClock, wallMillis = Date.now, model = testModel, lie = {} } = options;
    this.consortium = consortium;
    this.#clock = clock;
    this.#wallMillis = wallMillis;
    this.#lie = lie;
    this.plan = testPlan(consortium.id, consortium.members.length, model, options.plan);
    this.planHash = this.offerPlan(this.plan);
    this.rosterHash = nodeCrypto.sha256(consortium.roster.document.body);
    for (const blob of Object.values(servedModel(model))) this.offerBlob(blob);
    this.#server = new TestServer(this.#desk(), consortium.authority.certificatePem);
    this.#machine = new RunMachine({
      plan: this.plan,
      planHash: this.planHash,
      rosterHash: this.rosterHash,
      roster: this.#rosterView(),
      signer: consortium.coordinator,
      clock,
      blobs: this.#blobs,
      send: (to, message) => this.#send(to, message),
      report: (progress) => this.#note(progress),
    });
  }

  /** How clients of this process reach it: the option `transport` of a client. */
  get transport(): Transport {
    return this.#server.transport;
  }

  /**
   * Make a participant directory for a member that a client of yours will be: what an enrolment leaves, in some milliseconds.
   *
   * @throws `invalid-argument` for somebody who is no member, or once the run has started; `conflict` for a directory that is used.
   */
  async enrol(member: string, directory: string): Promise<void> {
    if (this.#started) {
      throw new FederatedError('invalid-argument', 'the run has started', {
        fix: 'Enrol before start: members without a client are played from there on.',
      });
    }
    await this.consortium.enrol(member, directory);
    this.#enrolled.add(member);
  }

  /** Offer the run to everybody: those who are connected, and whoever connects later. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    for (const name of this.consortium.members) if (!this.#enrolled.has(name)) this.#play(name);
    this.#machine.take({ type: 'start', wallMillis: this.#wallMillis() });
  }

  /** Offer no round after the one under way, until `resume`. */
  pause(reason = 'a test'): void {
    this.#machine.take({ type: 'pause', reason });
  }

  /** Go on with rounds after {@link TestCoordinator.pause}. */
  resume(): void {
    this.#machine.take({ type: 'resume' });
  }

  /** End the run: the round under way is abandoned. */
  abort(reason = 'a test'): void {
    this.#machine.take({ type: 'abort', reason });
  }

  /** Break the stream of a client, which connects again by itself. */
  disconnect(member: string): void {
    this.#server.disconnect(member);
  }

  /** Whether a member's check-in stream is open. */
  isConnected(member: string): boolean {
    return this.#connected.has(member);
  }

  /** The steps that a member has answered, such as `approve`, `ready`, `advertise`, `upload`, `reveal`; in order. */
  answersOf(member: string): readonly string[] {
    return this.heard.filter(({ participant }) => participant === member).map(({ message }) => stepOf(message));
  }

  /** Bytes of a model or topology, by SHA-256. Published models are in `rounds`. */
  blob(digest: Uint8Array): Uint8Array | undefined {
    return this.#blobs.get(toBase64url(digest));
  }

  /**
   * Resolves when it is true; asked again after everything that happens here.
   *
   * @param options.what a sentence for the error. @throws `deadline` after `patienceMillis`, 30 s unless said.
   */
  async until(
    holds: () => boolean,
    options: { readonly what?: string; readonly patienceMillis?: number } = {},
  ): Promise<void> {
    const { what = 'the condition', patienceMillis: patience = patienceMillis } = options;
    let late = false;
    const cancel = this.#clock.after(patience, () => {
      late = true;
      this.changed();
    });
    try {
      while (!holds()) {
        if (late) throw overdue(what, patience, this.heard);
        await new Promise<void>((resolve) => {
          const before = this.#changed;
          this.#changed = () => {
            before();
            resolve();
          };
        });
      }
    } finally {
      cancel();
    }
  }

  /** Something else happened that `until` may be about: in a callback of a client, say. */
  changed(): void {
    const told = this.#changed;
    this.#changed = () => undefined;
    told();
  }

  /** Serve these bytes by their digest. @returns the digest. */
  offerBlob(blob: Uint8Array): Uint8Array {
    const digest = nodeCrypto.sha256(blob);
    this.#blobs.set(toBase64url(digest), blob);
    return digest;
  }

  /** Serve another plan by its digest. @param signer the operator unless said. @returns the digest. */
  offerPlan(plan: Plan, signer?: Signer): Uint8Array {
    const body = encodePlan(plan);
    const digest = nodeCrypto.sha256(body);
    this.#plans.set(toBase64url(digest), this.consortium.signPlan(body, signer));
    return digest;
  }

  /** Cut every connection and forget everything. */
  async close(): Promise<void> {
    for (const played of this.#played.values()) played.close();
    this.#machine.close();
    await this.#server.close();
  }

  #play(name: string): void {
    const { plan, planHash, rosterHash, consortium } = this;
    const roster = this.#rosterView();
    const { publicKey: coordinatorKey } = consortium.coordinator;
    const played = new PlayedParticipant({
      name,
      signer: consortium.signerOf(name),
      clock: this.#clock,
      wallMillis: this.#wallMillis,
      run: { runId: plan.run, plan, planHash, rosterHash, roster, coordinatorKey },
      say: (message, vector) => queueMicrotask(() => this.#hearPlayed(name, message, vector)),
    });
    this.#played.set(name, played);
    this.#machine.take({ type: 'check-in', participant: name, organization: name });
    played.take({ type: 'connected' });
  }

  #hearPlayed(name: string, message: ParticipantMessage, vector?: Uint8Array): void {
    const played = this.#played.get(name)!;
    const round = 'round' in message ? message.round : 0;
    try {
      const receipt = this.#machine.hear(name, message, vector);
      if (vector !== undefined) played.take({ type: 'uploaded', round, receipt });
    } catch (error) {
      if (!(error instanceof FederatedError)) throw error;
      played.take({ type: 'rejected', round, error });
    }
    this.changed();
  }

  #send(to: string, message: CoordinatorMessage): void {
    const played = this.#played.get(to);
    if (played !== undefined) {
      queueMicrotask(() => played.take({ type: 'message', message }));
      return;
    }
    if (!this.#connected.has(to)) return;
    for (const one of this.#lie.down?.({ to, message, coordinator: this }) ?? [message]) {
      this.#server.tell(to, this.plan.run, one);
    }
  }

  #note(progress: RunProgress): void {
    this.progress.push(progress);
    if (progress.type === 'round-ended') this.rounds.push(progress.record);
    if (progress.type === 'finished') this.outcome = progress.outcome;
    this.changed();
  }

  #hear(participant: string, message: ParticipantMessage, vector?: Uint8Array): Signed {
    try {
      const receipt = this.#machine.hear(participant, message, vector);
      this.heard.push({ participant, message });
      return receipt;
    } catch (error) {
      if (error instanceof FederatedError) this.heard.push({ participant, message, refused: error });
      throw error;
    } finally {
      this.changed();
    }
  }

  #desk() {
    const { consortium } = this;
    return {
      consortium: consortium.id,
      roster: consortium.roster,
      plan: (digest: string) => {
        const signed = this.#plans.get(digest);
        return signed === undefined ? undefined : { signed, operatorId: consortium.operatorId };
      },
      blob: (to: string, digest: string) => {
        const bytes = this.#blobs.get(digest);
        return bytes === undefined ? undefined : (this.#lie.blob?.({ to, digest, bytes, coordinator: this }) ?? bytes);
      },
      heard: (from: string, message: ParticipantMessage, vector?: Uint8Array) => this.#hear(from, message, vector),
      arrived: (participant: string) => {
        this.#connected.add(participant);
        this.#machine.take({ type: 'check-in', participant, organization: participant });
        this.changed();
      },
      left: (participant: string) => {
        this.#connected.delete(participant);
        this.#machine.take({ type: 'disconnected', participant });
        this.changed();
      },
    };
  }

  #rosterView() {
    const { roster } = this.consortium;
    const now = this.#wallMillis();
    return rosterView(verifyRoster(nodeCrypto, roster, this.consortium.pins(now)).roster, now);
  }
}

/** What a message is about. */
function stepOf(message: ParticipantMessage): string {
  if (message.type === 'session') return message.frame.type;
  return message.type === 'approved' ? 'approve' : message.type;
}

function overdue(what: string, patience: number, heard: readonly HeardMessage[]): FederatedError {
  const last = heard.slice(-5).map(({ participant, message }) => `${participant} ${stepOf(message)}`);
  return new FederatedError('deadline', `${what} did not happen in ${patience} ms`, {
    detail: { required: what, offered: last.join(', ') || 'no message of a client' },
    fix: 'Look at the events of the client: a refusal, or records that the plan does not fit.',
  });
}
