import { type ClientEvent, FederatedClient, type Policy } from '@concordat/client-sdk';
import {
  type CoordinatorMessage,
  configHash,
  FederatedError,
  type ParticipantMessage,
  type RosterView,
  rosterView,
  type SessionConfig,
  type SessionFrame,
  type SessionReply,
  type Signed,
  sessionTerms,
  signBody,
  signedOf,
  type Verdict,
} from '@concordat/core';
import { nodeCrypto } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { virtualClock } from '../client-sdk/transport/test-coordinator.js';
import { seeded } from '../coordinator/machine-participant.js';
import { ruleOf } from '../support/rules.js';
import { automaticPolicy } from '../support/stepping.js';
import { type EnrolledConsortium, modelOf, names, type SignedPlan } from './consortium.js';
import { Evidence } from './evidence.js';
import { exactTrainer } from './exact-trainer.js';
import { LyingServer } from './lying-server.js';
import type { ShownSums } from './shown-sums.js';
import { World, type WorldOptions } from './world.js';

/** What the coordinator does instead of being honest. */
export interface Lies {
  /** What one participant is sent in the place of an honest frame: another, several, or nothing. */
  readonly down?: (to: string, frame: SessionFrame, stage: Stage, world: World) => readonly SessionFrame[];
  /** What its machine is told of a participant's answer; nothing loses it. */
  readonly up?: (from: string, frame: SessionReply, stage: Stage) => SessionReply | undefined;
  readonly plan?: (consortium: EnrolledConsortium) => SignedPlan;
  /** Rules of "acme" instead of the usual ones. */
  readonly policy?: (consortium: EnrolledConsortium) => Policy;
  /** Whoever refuses a frame may still answer the next: nobody is given up for it. */
  readonly staysAfterRefusal?: boolean;
  /** Whose clients run; everybody's unless said. */
  readonly present?: readonly string[];
}

export interface Refused {
  readonly participant: string;
  readonly rule: string;
}

interface Present {
  readonly client: FederatedClient;
  readonly directory: string;
  readonly ended: Promise<void>;
}

/**
 * One case: a coordinator that lies over real TLS and gRPC, and real clients. Nothing waits for a clock: every step is taken when
 * the messages it depends on are here.
 */
export class Stage {
  readonly consortium: EnrolledConsortium;
  readonly lies: Lies;
  readonly plan: SignedPlan;
  readonly server: LyingServer;
  readonly evidence = new Evidence();
  readonly events: { readonly participant: string; readonly event: ClientEvent }[] = [];
  readonly refusals: Refused[] = [];
  /** Members without a client: they are played here. */
  readonly elsewhere = new Map<string, (frame: SessionFrame, world: World) => void>();
  /** Clients that let go of their run. */
  readonly ended = new Set<string>();
  approvals = 0;
  readonly worlds: World[] = [];
  /** What each member is shown of opened sums. */
  readonly shown = new Map<string, ShownSums>();
  /** Members' words on them. */
  readonly verdicts: { readonly from: string; readonly verdict: Verdict }[] = [];
  /** Everything heard in sessions, oldest first. */
  readonly replies: { readonly from: string; readonly round: number; readonly frame: SessionReply }[] = [];
  readonly ready: { readonly from: string; readonly round: number }[] = [];
  readonly approved = new Set<string>();
  /** What each participant was sent last of each kind, honest or not. */
  readonly sent = new Map<string, SessionFrame>();
  roster: RosterView;
  rosterHash: Uint8Array;
  readonly #present = new Map<string, Present>();
  readonly #refusedErrors = new Set<unknown>();
  readonly #roots = new Map<string, Uint8Array[]>();
  #changed: () => void = () => undefined;

  private constructor(consortium: EnrolledConsortium, lies: Lies, server: LyingServer) {
    this.consortium = consortium;
    this.lies = lies;
    this.server = server;
    this.plan = lies.plan?.(consortium) ?? consortium.plan();
    this.roster = rosterView(consortium.roster, Date.now());
    this.rosterHash = nodeCrypto.sha256(consortium.signedRoster.document.body);
  }

  static async open(consortium: EnrolledConsortium, lies: Lies = {}): Promise<Stage> {
    const server = await LyingServer.listen(consortium);
    const stage = new Stage(consortium, lies, server);
    server.hear(stage);
    for (const name of lies.present ?? names) await stage.start(name);
    return stage;
  }

  get present(): readonly string[] {
    return [...this.#present.keys()];
  }

  directoryOf(name: string): string {
    return this.#present.get(name)!.directory;
  }

  /** Resolves when it is true; asked again after everything that happens. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        const before = this.#changed;
        this.#changed = () => {
          before();
          resolve();
        };
      });
    }
  }

  /** Something happened. */
  changed(): void {
    const told = this.#changed;
    this.#changed = () => undefined;
    told();
  }

  /** Start a client; its directory is a fresh copy unless one is given. */
  async start(name: string, directory = this.consortium.directoryOf(name, this.server.address)): Promise<void> {
    this.evidence.secretsOf(name, directory);
    const client = await FederatedClient.open({
      directory,
      trainer: exactTrainer(name),
      policy: (name === 'acme' ? this.lies.policy?.(this.consortium) : undefined) ?? automaticPolicy,
      clock: virtualClock(),
      random: (purpose) => {
        const random = seeded(`${directory} ${name} ${purpose}`);
        if (purpose !== 'session-root') return random;
        return { bytes: (length) => this.#drawn(name, random.bytes(length)) };
      },
      onEvent: (event) => this.#told(name, event),
    });
    this.ended.delete(name);
    const ended = client
      .run({ once: true })
      .then(
        () => undefined,
        (error: unknown) => this.#refused(name, error),
      )
      .finally(() => {
        this.ended.add(name);
        this.changed();
      });
    this.#present.set(name, { client, directory, ended });
  }

  /** Once its client has let go: another process in the same directory. */
  async restart(name: string): Promise<void> {
    const { client, directory, ended } = this.#present.get(name)!;
    await ended;
    await client.close();
    await this.start(name, directory);
    await this.until(() => this.server.isConnected(name) || this.ended.has(name));
  }

  /** Offer the run to everybody, and wait until each has agreed or refused. */
  async gather(): Promise<void> {
    await this.until(() => this.present.every((name) => this.server.isConnected(name)));
    for (const name of this.present) this.offer(name);
    await this.until(() => this.present.every((name) => this.approved.has(name) || this.hasRefused(name)));
  }

  offer(name: string, planHash = this.plan.planHash): void {
    const { run } = this.plan.plan;
    this.tell(name, { type: 'run', runId: run, planHash, rosterHash: this.rosterHash });
  }

  /** Assign a round on a model of ours to everybody, and wait until each is ready or has declined. */
  async train(round = 1, version = 0, who = this.present): Promise<void> {
    const baseModelHash = this.consortium.offer(modelOf(version));
    for (const name of who) this.assign(name, round, baseModelHash);
    await this.until(() => who.every((name) => this.isReady(name, round) || this.hasRefused(name)));
  }

  assign(name: string, round: number, baseModelHash: Uint8Array): void {
    const { readyMillis } = this.plan.plan.deadlines;
    this.tell(name, { type: 'train', round, kind: 'train', modelVersion: 0, baseModelHash, readyMillis });
  }

  /** An honest configuration but for the changes. */
  config(round = 1, version = 0, change: Partial<SessionConfig> = {}): SessionConfig {
    const { plan, planHash } = this.plan;
    const baseModelHash = this.consortium.offer(modelOf(version));
    const { rosterHash } = this;
    const terms = sessionTerms({ plan, planHash, rosterHash, runId: plan.run, round, kind: 'train', baseModelHash });
    const sessionNonce = nodeCrypto.sha256(Buffer.from(`${round} ${version}`));
    return { suite: 'CSA1', sessionNonce, ...terms, ...change };
  }

  /** Open a session with whoever is ready, or with whom `options` say. */
  world(options: Partial<WorldOptions> = {}): World {
    const { coordinatorKey: signer } = this.consortium;
    const config = options.config ?? this.config();
    const opening: [string, SessionFrame][] = [];
    let world: World | undefined;
    const made = new World({
      ports: { crypto: nodeCrypto, codec: sessionCodec, signer },
      roster: this.roster,
      invited: this.present.filter((name) => this.isReady(name, config.round)),
      ...options,
      config,
      send: (to, frame) => (world === undefined ? opening.push([to, frame]) : this.#down(to, frame, made)),
    });
    world = made;
    this.worlds.push(made);
    for (const [to, frame] of opening) this.#down(to, frame, made);
    return made;
  }

  /** The usual course: gather, train, one session, to its end. */
  async play(options: Partial<WorldOptions> = {}): Promise<World> {
    await this.gather();
    await this.train();
    const world = this.world(options);
    await this.over();
    return world;
  }

  /** Every world is at its end. */
  over(): Promise<void> {
    return this.until(() => this.worlds.every((world) => world.isOver));
  }

  /** To one participant, as it stands. */
  say(to: string, frame: SessionFrame, round = 1): void {
    this.sent.set(`${to} ${frame.type}`, frame);
    this.tell(to, { type: 'session', round, frame });
  }

  tell(to: string, message: CoordinatorMessage): void {
    this.server.tell(to, this.plan.plan.run, message);
  }

  /** A frame it was sent before, as it was. */
  frame<Type extends SessionFrame['type']>(to: string, type: Type): Extract<SessionFrame, { type: Type }> {
    return this.sent.get(`${to} ${type}`) as Extract<SessionFrame, { type: Type }>;
  }

  /** What it answered, once it has. */
  async reply<Type extends SessionReply['type']>(
    from: string,
    type: Type,
    round = 1,
  ): Promise<Extract<SessionReply, { type: Type }>> {
    const find = () => this.replies.find((one) => one.from === from && one.round === round && one.frame.type === type);
    await this.until(() => find() !== undefined || this.hasRefused(from));
    return find()?.frame as Extract<SessionReply, { type: Type }>;
  }

  /** It has refused so often. */
  async refuses(name: string, times = 1): Promise<void> {
    await this.until(() => this.refusals.filter(({ participant }) => participant === name).length >= times);
  }

  hasRefused(name: string): boolean {
    return this.refusals.some(({ participant }) => participant === name);
  }

  isReady(name: string, round: number): boolean {
    return this.ready.some((one) => one.from === name && one.round === round);
  }

  /** End the run for everybody, and wait until every client has let go. */
  async close(): Promise<void> {
    for (const name of this.present) {
      this.tell(name, {
        type: 'finished',
        modelVersion: 0,
        modelHash: new Uint8Array(0),
        outcome: 'aborted',
        reason: '',
      });
    }
    for (const [name, { client, directory, ended }] of this.#present) {
      await ended;
      await client.close();
      this.evidence.filesOf(directory);
      this.#secretsOf(name);
    }
    await this.server.close();
    this.consortium.forget();
  }

  /** A message of a client. @returns what its receipt is for. */
  heard(from: string, message: ParticipantMessage, vector?: Uint8Array): Signed {
    const round = message.type === 'approved' ? 0 : message.round;
    if (message.type === 'approved') {
      this.approved.add(from);
      this.approvals += 1;
    }
    if (message.type === 'ready') this.ready.push({ from, round });
    if (message.type === 'decline') this.#leave(from, message.rule);
    if (message.type === 'session') this.#take(from, round, message.frame, vector);
    this.changed();
    return this.receipt(from, message);
  }

  results(to: string): ShownSums | undefined {
    return this.shown.get(to);
  }

  /** A member's word on a sum. @returns its receipt. */
  verdict(from: string, verdict: Verdict): Signed {
    this.verdicts.push({ from, verdict });
    this.changed();
    return this.#receipt(from, 1, verdict.kind, verdict.statement.body);
  }

  /** Signed by the coordinator, whatever became of what it is for. */
  receipt(participantId: string, message: ParticipantMessage): Signed {
    const [step, content] = receiptOf(message);
    return this.#receipt(participantId, message.type === 'approved' ? 0 : message.round, step, content);
  }

  #receipt(participantId: string, round: number, step: string, content: Uint8Array): Signed {
    const { coordinatorKey } = this.consortium;
    const runId = this.plan.plan.run;
    const contentDigest = nodeCrypto.sha256(content);
    const body = sessionCodec.receipt.encode({ runId, round, step, participantId, contentDigest });
    return signBody(nodeCrypto, coordinatorKey, 'CSA1/receipt', body);
  }

  #take(from: string, round: number, honest: SessionReply, vector: Uint8Array | undefined): void {
    this.replies.push({ from, round, frame: honest });
    const session = `${this.plan.plan.run} ${round}`;
    const cohort = (this.sent.get(`${from} cohort`) as Extract<SessionFrame, { type: 'cohort' }> | undefined)?.adverts;
    const cohortNames = (cohort ?? []).map(({ body }) => sessionCodec.advert.decode(body).participantId);
    this.evidence.say({ from, session, frame: honest, cohort: cohortNames });
    if (vector !== undefined) this.evidence.vector(from, session, vector);
    const frame = this.lies.up === undefined ? honest : this.lies.up(from, honest, this);
    if (frame === undefined) return;
    for (const world of this.worlds) {
      const { options, audience } = world;
      const concerned = frame.type === 'advertise' ? options.invited : audience;
      if (options.config.round !== round || !concerned.includes(from)) continue;
      world.take(from, frame);
      if (vector !== undefined) world.takeVector(from, vector);
    }
  }

  #down(to: string, frame: SessionFrame, world: World): void {
    if (!world.audience.includes(to)) return;
    const elsewhere = this.elsewhere.get(to);
    if (elsewhere !== undefined) elsewhere(frame, world);
    else this.#lie(to, frame, world);
  }

  #lie(to: string, frame: SessionFrame, world: World): void {
    const frames = this.lies.down?.(to, frame, this, world) ?? [frame];
    for (const one of frames) this.say(to, one, world.options.config.round);
  }

  #told(participant: string, event: ClientEvent): void {
    this.events.push({ participant, event });
    this.evidence.texts.push(JSON.stringify(event));
    if (event.type === 'refused') this.#refused(participant, event.error);
    this.changed();
  }

  #refused(participant: string, error: unknown): void {
    // A client that stops with what it refused has refused once.
    if (this.#refusedErrors.has(error)) return;
    this.#refusedErrors.add(error);
    const rule = ruleOf(error) ?? `threw ${String(error)}`;
    this.evidence.texts.push(error instanceof FederatedError ? JSON.stringify([error.message, error.detail]) : rule);
    this.refusals.push({ participant, rule });
    if (this.lies.staysAfterRefusal !== true) this.#leave(participant, rule);
    this.changed();
  }

  #leave(participant: string, rule: string): void {
    for (const world of this.worlds) world.leave(participant, rule);
  }

  #drawn(name: string, bytes: Uint8Array): Uint8Array {
    if (bytes.length === 32) this.#roots.set(name, [...(this.#roots.get(name) ?? []), bytes.slice()]);
    return bytes;
  }

  /** Roots, and everything that derives from them. */
  #secretsOf(name: string): void {
    const open = this.sent.get(`${name} open`) as Extract<SessionFrame, { type: 'open' }> | undefined;
    for (const root of this.#roots.get(name) ?? []) {
      this.evidence.secret(`${name}: session root`, root);
      if (open === undefined) continue;
      const context = configHash(nodeCrypto, open.config.body);
      for (const label of ['sealing', 'mask']) {
        const info = Buffer.from(`CSA1/derive/${label}`);
        this.evidence.secret(`${name}: ${label}`, nodeCrypto.hkdf(root, context, info));
      }
      for (const { sid } of this.worlds) {
        if (sid === undefined) continue;
        for (const label of ['self', 'self-coefficients', 'mask-coefficients']) {
          const info = Buffer.from(`CSA1/derive/${label}`);
          this.evidence.secret(`${name}: ${label}`, nodeCrypto.hkdf(root, sid, info));
        }
      }
    }
  }
}

function receiptOf(message: ParticipantMessage): readonly [step: string, content: Uint8Array] {
  switch (message.type) {
    case 'approved':
      return ['approve', message.approval.body];
    case 'ready':
      return ['ready', message.baseModelHash];
    case 'decline':
      return ['decline', new Uint8Array(0)];
    case 'session':
      return [message.frame.type, signedOf(message.frame).body];
  }
}
