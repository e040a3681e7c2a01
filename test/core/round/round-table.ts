import {
  addKeystreams,
  addVector,
  type CoordinationEffect,
  type CoordinationEvent,
  type CoordinationRecord,
  type CoordinationState,
  type CoordinatorMessage,
  type CryptoPort,
  combineGroups,
  encodeEvaluation,
  encodeUpdate,
  FederatedError,
  hashPlan,
  keptSessions,
  openCoordination,
  openParticipation,
  openSum,
  type ParticipantMessage,
  type ParticipationEffect,
  type ParticipationEvent,
  type ParticipationRecord,
  type ParticipationState,
  type Plan,
  packLanes,
  type Random,
  type RoundRecord,
  type RunProgress,
  type Signer,
  signApproval,
  signBody,
  stepCoordination,
  stepParticipation,
  toHex,
  vectorRoot,
} from '@concordat/core';
import { sessionCodec } from '@concordat/proto';
import { memoizedIdentity as identityFromSeed, memoizedCrypto as nodeCrypto } from '../../support/memoized-crypto.js';
import { examplePlan } from './example-plan.js';

type Unstamped<Event> = Event extends { readonly now: number } ? Omit<Event, 'now'> : never;

interface Chair {
  readonly signer: Signer;
  readonly journal: ParticipationRecord[];
  readonly effects: ParticipationEffect[];
  state: ParticipationState;
  connected: boolean;
  /** Counts processes: what was meant for one that ended is lost. */
  life: number;
  lanes: Int32Array[] | undefined;
  /** On disk, by round: sealed roots and spooled vectors. */
  readonly roots: Map<number, Uint8Array>;
  readonly spool: Map<number, Uint8Array>;
}

export const everyone = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'] as const;

/** A random stream that depends on its name only. */
export function randomOf(name: string): Random {
  const key = nodeCrypto.sha256(new TextEncoder().encode(name));
  let at = 0;
  return {
    bytes(length) {
      const whole = nodeCrypto.keystream(key, at, Math.ceil(length / 16) * 16);
      at += whole.length;
      return whole.slice(0, length);
    },
  };
}

/**
 * The machines of one run around a table: messages arrive at once and in order, time moves only when a test says so.
 * Each participant's delta is its chair number in every parameter, and it holds 100 examples times that number.
 */
export class RoundTable {
  readonly plan: Plan;
  readonly chairs = new Map<string, Chair>();
  readonly journal: CoordinationRecord[] = [];
  readonly effects: CoordinationEffect[] = [];
  readonly progress: RunProgress[] = [];
  /** Decoded sums, in order. */
  readonly sums: { readonly round: number; readonly mean: number; readonly totalWeight: number }[] = [];
  /** What a participant would send, and does not: `name/kind`, kind as in `kindOf`. */
  readonly withheld = new Set<string>();
  /** Local work that fails: `name/train`, `name/mask`. */
  readonly failing = new Map<string, FederatedError>();
  /**
   * The coordinator's process ends within this event, 1, 2, …: what it journals is durable, everything else that the event causes is
   * lost with what was on its way to it; and another process reads the journal.
   */
  killedWithin: number | undefined;
  /** Events the coordinator has taken. */
  taken = 0;
  /** Where a participant's process ends, once, before that effect: `name/effect`, effect as in `effectName`. */
  readonly dying = new Set<string>();
  now = 0;
  #process = 0;
  readonly #coordinator = identityFromSeed(new Uint8Array(32).fill(99));
  readonly #planHash: Uint8Array;
  readonly #rosterHash = new Uint8Array(32).fill(7);
  readonly #roster: ReadonlyMap<string, { readonly organization: string; readonly publicKey: Uint8Array }>;
  readonly #random = randomOf('coordinator');
  readonly #timers = new Map<string, { readonly due: number; fire(): void }>();
  readonly #queue: (() => void)[] = [];
  readonly #spool = new Map<string, Uint8Array>();
  readonly #cryptoOf: (participant: string) => CryptoPort;
  readonly #policy: ReadonlyMap<string, FederatedError>;
  readonly #listed: ReadonlyMap<string, ReadonlySet<string>>;
  #state: CoordinationState;

  constructor(
    options: {
      readonly plan?: Plan;
      readonly people?: readonly string[];
      readonly refusing?: ReadonlyMap<string, FederatedError>;
      /** Primitives of a participant, for one that computes something else. */
      readonly cryptoOf?: (participant: string) => CryptoPort;
      /** Whom a participant's policy lists. */
      readonly listed?: ReadonlyMap<string, ReadonlySet<string>>;
    } = {},
  ) {
    this.plan = options.plan ?? examplePlan();
    this.#cryptoOf = options.cryptoOf ?? (() => nodeCrypto);
    this.#policy = options.refusing ?? new Map();
    this.#listed = options.listed ?? new Map();
    this.#planHash = hashPlan(nodeCrypto, this.plan);
    const people = options.people ?? everyone;
    people.forEach((name, i) => {
      this.chairs.set(name, {
        signer: identityFromSeed(new Uint8Array(32).fill(i + 1)),
        journal: [],
        effects: [],
        state: openParticipation({ participantId: name }),
        connected: false,
        life: 0,
        lanes: undefined,
        roots: new Map(),
        spool: new Map(),
      });
    });
    this.#roster = new Map(
      [...this.chairs].map(([name, { signer }]) => [
        name,
        { organization: `${name} GmbH`, publicKey: signer.publicKey },
      ]),
    );
    this.#state = openCoordination(this.#options());
  }

  get state(): CoordinationState {
    return this.#state;
  }

  /** Rounds that trained. */
  get rounds(): readonly RoundRecord[] {
    return this.#state.history.filter(({ kind }) => kind === 'train');
  }

  /** Rounds that measured the last model. */
  get evaluations(): readonly RoundRecord[] {
    return this.#state.history.filter(({ kind }) => kind === 'evaluate');
  }

  /** The sentence of the last wait that was reported. */
  get waiting(): string {
    const waits = this.progress.flatMap((progress) => (progress.type === 'waiting' ? [progress.text] : []));
    return waits.at(-1) ?? '';
  }

  start(...names: readonly string[]): this {
    this.coordinator({ type: 'start', wallMillis: this.now });
    for (const name of names.length === 0 ? this.chairs.keys() : names) this.connect(name);
    return this;
  }

  connect(name: string): this {
    this.#chair(name).connected = true;
    this.participant(name, { type: 'connected' });
    return this.coordinator({ type: 'check-in', participant: name, organization: `${name} GmbH` });
  }

  disconnect(name: string): this {
    this.#chair(name).connected = false;
    this.participant(name, { type: 'disconnected' });
    return this.coordinator({ type: 'disconnected', participant: name });
  }

  /** The process ends: only its journal is left, and sealed roots and vectors of sessions that can be gone on with. */
  kill(name: string): this {
    const chair = this.#chair(name);
    chair.connected = false;
    chair.life += 1;
    chair.lanes = undefined;
    chair.state = openParticipation({ participantId: name, records: chair.journal });
    const kept = keptSessions(chair.journal).map(({ round }) => round);
    for (const disk of [chair.roots, chair.spool]) {
      for (const round of [...disk.keys()]) if (!kept.includes(round)) disk.delete(round);
    }
    for (const key of [...this.#timers.keys()]) if (key.startsWith(`${name}/`)) this.#timers.delete(key);
    return this.coordinator({ type: 'disconnected', participant: name });
  }

  /** The coordinator's process ends and another reads its journal. */
  restartCoordinator(): this {
    this.#process += 1;
    for (const key of [...this.#timers.keys()]) if (key.startsWith('coordinator/')) this.#timers.delete(key);
    this.#state = openCoordination({ ...this.#options(), records: [...this.journal] });
    const connected = [...this.chairs].filter(([, chair]) => chair.connected).map(([name]) => name);
    this.coordinator({ type: 'start', wallMillis: this.now });
    for (const name of connected) this.connect(name);
    return this;
  }

  /** Let time pass; timers fire in order, and everything they cause happens at once. */
  pass(millis: number): this {
    const until = this.now + millis;
    for (;;) {
      const next = [...this.#timers].filter(([, timer]) => timer.due <= until).sort((a, b) => a[1].due - b[1].due)[0];
      if (next === undefined) break;
      this.now = Math.max(this.now, next[1].due);
      this.#timers.delete(next[0]);
      next[1].fire();
      this.#drain();
    }
    this.now = until;
    return this;
  }

  coordinator(event: Unstamped<CoordinationEvent>): this {
    const process = this.#process;
    this.#soon(() => {
      if (process !== this.#process) return;
      const ports = { crypto: nodeCrypto, codec: sessionCodec, signer: this.#coordinator, random: this.#random };
      const { state, effects } = stepCoordination(ports, this.#state, { ...event, now: this.now } as CoordinationEvent);
      this.#state = state;
      this.taken += 1;
      const killed = this.taken === this.killedWithin;
      const performed = killed ? effects.filter(({ type }) => type === 'journal') : effects;
      this.effects.push(...performed);
      for (const effect of performed) this.#perform(effect);
      if (killed) this.restartCoordinator();
    });
    return this.#drain();
  }

  participant(name: string, event: Unstamped<ParticipationEvent>): this {
    const chair = this.#chair(name);
    const { life } = chair;
    this.#soon(() => {
      if (chair.life !== life) return;
      const ports = { crypto: this.#cryptoOf(name), codec: sessionCodec, signer: chair.signer };
      const stamped = { ...event, now: this.now } as ParticipationEvent;
      const { state, effects } = stepParticipation(ports, chair.state, stamped);
      chair.state = state;
      for (const effect of effects) {
        if (this.dying.delete(`${name}/${effectName(effect)}`)) {
          this.kill(name);
          return;
        }
        chair.effects.push(effect);
        this.#work(name, chair, effect);
      }
    });
    return this.#drain();
  }

  /** What a participant is offered. */
  offer(): { readonly runId: string; readonly planHash: Uint8Array; readonly rosterHash: Uint8Array } {
    const { runId, planHash, rosterHash } = this.#options();
    return { runId, planHash, rosterHash };
  }

  /** Kinds of messages the coordinator sent to a participant, in order. */
  told(name: string): string[] {
    return this.effects.flatMap((effect) =>
      effect.type === 'send' && effect.to === name ? [kindOf(effect.message)] : [],
    );
  }

  /** Declines of a participant that reached the coordinator: `rule`. */
  declined(name: string): string[] {
    return this.progress.flatMap((one) => (one.type === 'declined' && one.participant === name ? [one.rule] : []));
  }

  #options() {
    const { plan } = this;
    return { runId: plan.run, plan, planHash: this.#planHash, rosterHash: this.#rosterHash, roster: this.#roster };
  }

  #perform(effect: CoordinationEffect): void {
    switch (effect.type) {
      case 'journal':
        this.journal.push(effect.record);
        return;
      case 'send':
        if (this.#chair(effect.to).connected) this.#deliver(effect.to, effect.message);
        return;
      case 'set-timer':
        this.#timer(`coordinator/${effect.name}`, effect.afterMillis, () =>
          this.coordinator({ type: 'timer', name: effect.name }),
        );
        return;
      case 'cancel-timer':
        this.#timers.delete(`coordinator/${effect.name}`);
        return;
      case 'accepted':
        if (effect.step === 'upload') this.#receipt(effect);
        return;
      case 'rejected':
        this.participant(effect.participant, { type: 'rejected', round: effect.round, error: effect.error });
        return;
      case 'expect-upload':
        this.#upload(effect);
        return;
      case 'open-sum':
        this.#open(effect);
        return;
      case 'publish': {
        const modelHash = nodeCrypto.sha256(effect.currentModelHash);
        this.coordinator({ type: 'published', round: effect.round, modelHash });
        return;
      }
      case 'round-over':
        this.#spool.clear();
        return;
      case 'session-over':
        return;
      case 'report':
        this.progress.push(effect.progress);
        return;
    }
  }

  #work(name: string, chair: Chair, effect: ParticipationEffect): void {
    switch (effect.type) {
      case 'journal':
        chair.journal.push(effect.record);
        return;
      case 'send':
        this.#say(name, effect.message);
        return;
      case 'consider-plan':
        this.#consider(name, chair);
        return;
      case 'train':
        if (this.withheld.has(`${name}/train`)) return;
        this.#answer(name, 'train', effect.round, { type: 'trained', round: effect.round });
        return;
      case 'prepare-update':
        chair.lanes = this.#encode(name, effect);
        this.participant(name, { type: 'prepared', round: effect.round });
        return;
      case 'seal-root':
        chair.roots.set(effect.round, randomOf(`${name}/${effect.round}`).bytes(32));
        this.#openRoot(name, chair, effect.round);
        return;
      case 'open-root':
        this.#openRoot(name, chair, effect.round);
        return;
      case 'erase':
        if (effect.runId !== this.plan.run) return;
        chair.roots.delete(effect.round);
        chair.spool.delete(effect.round);
        return;
      case 'mask': {
        const vector = packLanes(effect.layout, chair.lanes!);
        addKeystreams(nodeCrypto, effect.layout, vector, effect.maskKeys);
        chair.spool.set(effect.round, vector);
        const merkleRoot = vectorRoot(nodeCrypto, vector);
        const masked = { type: 'masked', round: effect.round, lengthBytes: vector.length, merkleRoot } as const;
        this.#answer(name, 'mask', effect.round, masked);
        return;
      }
      case 'upload': {
        const frame = { type: 'upload', upload: effect.header } as const;
        this.#say(name, { type: 'session', round: effect.round, frame });
        return;
      }
      case 'set-timer':
        this.#timer(`${name}/${effect.name}`, effect.afterMillis, () =>
          this.participant(name, { type: 'timer', name: effect.name }),
        );
        return;
      case 'cancel-timer':
        this.#timers.delete(`${name}/${effect.name}`);
        return;
      default:
        return;
    }
  }

  #openRoot(name: string, { roots }: Chair, round: number): void {
    const root = roots.get(round);
    const error = new FederatedError('state-lost', `there is no root of round ${round}`);
    this.participant(
      name,
      root === undefined ? { type: 'failed', round, error } : { type: 'root-sealed', round, root },
    );
  }

  #consider(name: string, chair: Chair): void {
    const error = this.#policy.get(name);
    const { runId, plan, planHash, rosterHash, roster } = this.#options();
    if (error !== undefined) {
      this.participant(name, { type: 'plan-refused', runId, planHash, error });
      return;
    }
    const terms = { participantId: name, planHash, rosterHash, issuedAt: 0, expires: Number.MAX_SAFE_INTEGER };
    const approval = signApproval(nodeCrypto, chair.signer, terms);
    const coordinatorKey = this.#coordinator.publicKey;
    const listed = this.#listed.get(name);
    this.participant(name, {
      type: 'plan-approved',
      run: { runId, plan, planHash, rosterHash, roster, ...(listed && { listed }), coordinatorKey, approval },
    });
  }

  #answer(name: string, work: string, round: number, event: Unstamped<ParticipationEvent>): void {
    const error = this.failing.get(`${name}/${work}`);
    this.participant(name, error === undefined ? event : { type: 'failed', round, error });
  }

  #encode(name: string, order: Extract<ParticipationEffect, { type: 'prepare-update' }>): Int32Array[] {
    const place = [...this.chairs.keys()].indexOf(name) + 1;
    const metrics = order.metrics ? { accuracy: place / 8 } : undefined;
    if (order.kind === 'evaluate') return encodeEvaluation(this.plan, metrics);
    const delta = new Float32Array(9).fill(place / 4);
    return encodeUpdate({
      crypto: nodeCrypto,
      plan: this.plan,
      baseModelHash: order.baseModelHash,
      delta,
      examples: 100 * place,
      ...(metrics === undefined ? {} : { metrics }),
      random: randomOf(`rounding of ${name}`),
    });
  }

  #deliver(to: string, message: CoordinatorMessage): void {
    this.participant(to, { type: 'message', message });
  }

  #say(name: string, message: ParticipantMessage): void {
    const chair = this.#chair(name);
    if (!chair.connected || this.withheld.has(`${name}/${kindOf(message)}`)) return;
    this.coordinator({ type: 'message', participant: name, message });
  }

  /** An upload is one quarter on its way when it stops at `name/vector`. */
  #upload(effect: Extract<CoordinationEffect, { type: 'expect-upload' }>): void {
    const { participant, round, lengthBytes: bytesExpected, contentDigest } = effect;
    const vector = this.#chair(participant).spool.get(round);
    if (vector === undefined) return;
    if (this.withheld.has(`${participant}/vector`)) {
      this.coordinator({ type: 'upload-progress', participant, bytesReceived: bytesExpected / 8, bytesExpected });
      this.coordinator({ type: 'upload-broken', participant, bytesReceived: bytesExpected / 4, bytesExpected });
      return;
    }
    this.#spool.set(toHex(contentDigest), vector);
    this.coordinator({ type: 'uploaded', participant, contentDigest });
  }

  #receipt({ participant, round, step, contentDigest }: Extract<CoordinationEffect, { type: 'accepted' }>): void {
    const body = sessionCodec.receipt.encode({
      runId: this.plan.run,
      round,
      step,
      participantId: participant,
      contentDigest,
    });
    this.participant(participant, {
      type: 'uploaded',
      round,
      receipt: signBody(nodeCrypto, this.#coordinator, 'CSA1/receipt', body),
    });
  }

  #open({ round, kind, baseModelHash, sums }: Extract<CoordinationEffect, { type: 'open-sum' }>): void {
    if (this.failing.has('coordinator/open')) {
      this.coordinator({ type: 'round-failed', round, reason: 'the guard lanes are wrong' });
      return;
    }
    const combiner = combineGroups({ crypto: nodeCrypto, plan: this.plan, kind, baseModelHash });
    const spoiled: { readonly group: number; readonly reason: string }[] = [];
    for (const { group, sum } of sums) {
      if (this.failing.has(`coordinator/open ${group}`)) {
        spoiled.push({ group, reason: 'the guard lanes are wrong' });
        continue;
      }
      const vector = new Uint8Array(sum.layout.lengthBytes);
      for (const { contentDigest } of sum.survivors)
        addVector(sum.layout, vector, this.#spool.get(toHex(contentDigest))!);
      addKeystreams(nodeCrypto, sum.layout, vector, sum.maskKeys);
      combiner.add({ lanes: openSum(sum.layout, vector, sum.survivors.length), survivors: sum.survivors.length });
    }
    const { mean, ...said } = combiner.finish();
    if (kind === 'train') this.sums.push({ round, mean: mean[0]!, totalWeight: said.totalWeight });
    const left = spoiled.length === 0 ? {} : { spoiled };
    this.coordinator({ type: 'sum-opened', round, ...said, ...left });
  }

  #timer(key: string, afterMillis: number, fire: () => void): void {
    this.#timers.set(key, { due: this.now + afterMillis, fire });
  }

  #soon(happen: () => void): void {
    this.#queue.push(happen);
  }

  #draining = false;
  #drain(): this {
    if (this.#draining) return this;
    this.#draining = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
    } finally {
      this.#draining = false;
    }
    return this;
  }

  #chair(name: string): Chair {
    const chair = this.chairs.get(name);
    if (chair === undefined) throw new Error(`nobody is called ${name}`);
    return chair;
  }
}

/** `train`, `ready`, `open`, `advertise`, … : the message's type, or its frame's. */
export function kindOf(message: CoordinatorMessage | ParticipantMessage): string {
  return message.type === 'session' ? message.frame.type : message.type;
}

/** `journal contributed`, `journal revealed`, …; of what is sent, its kind; else the effect's type. */
export function effectName(effect: ParticipationEffect): string {
  if (effect.type === 'send') return kindOf(effect.message);
  if (effect.type !== 'journal') return effect.type;
  return `journal ${effect.record.type === 'session' ? effect.record.record.type : effect.record.type}`;
}

export const aRefusal = (rule: string): FederatedError =>
  new FederatedError('refused', `the policy does not allow ${rule}`, { detail: { rule } });
