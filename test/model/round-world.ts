import {
  addKeystreams,
  addVector,
  type CoordinationEffect,
  type CoordinationEvent,
  type CoordinationRecord,
  type CoordinationState,
  equalBytes,
  FederatedError,
  hashPlan,
  openCoordination,
  openParticipation,
  openSum,
  type ParticipantMessage,
  type ParticipationEffect,
  type ParticipationEvent,
  type Plan,
  packLanes,
  type RosterView,
  type Signed,
  type SumOrder,
  sessionTerms,
  signApproval,
  signBody,
  stepCoordination,
  stepParticipation,
  toHex,
  u16,
  vectorRoot,
} from '@concordat/core';
import { lanesOf } from './measures.js';
import type { Chair, Letter, LocalEvent, RoundSabotage, Unstamped } from './round-chair.js';
import { RoundClock } from './round-clock.js';
import { RoundLedger } from './round-ledger.js';
import { RoundLure } from './round-lure.js';
import type { RoundOperation, RoundSetup } from './round-operation.js';
import { planOf } from './round-plan.js';
import { codec, coordinatorPlace, crypto, identityOf, idsOf, namedBytes, rosterOf } from './session-pool.js';
import { must } from './violation.js';

/** Letters and timers after which a run that has not ended stands still. */
const turnsMax = 4_000;

/** Both round machines of one run on a network that fails, with processes that die between any two effects and a clock of its own. */
export class RoundWorld {
  readonly #setup: RoundSetup;
  readonly #sabotage: RoundSabotage | undefined;
  readonly #ids: readonly string[];
  readonly #roster: RosterView;
  readonly #plan: Plan;
  readonly #planHash: Uint8Array;
  readonly #rosterHash: Uint8Array;
  readonly #ledger: RoundLedger;
  readonly #chairs = new Map<string, Chair>();
  readonly #letters: Letter[] = [];
  readonly #clock = new RoundClock();
  readonly #records: CoordinationRecord[] = [];
  readonly #uploads = new Map<string, Uint8Array>();
  /** Every model there ever was. */
  readonly #models: Uint8Array[] = [];
  #coordination: CoordinationState | undefined;
  #life = 0;
  #drawn = 0;
  #effectsLeft = Number.POSITIVE_INFINITY;
  /** Of a coordinator that opens what no plan says. */
  #lure: RoundLure | undefined;
  #lured = false;
  #waiting = '';

  constructor(setup: RoundSetup, sabotage?: RoundSabotage) {
    this.#setup = setup;
    this.#sabotage = sabotage;
    this.#ids = idsOf(setup.participants);
    this.#roster = rosterOf(setup.participants);
    this.#plan = planOf(setup);
    this.#planHash = hashPlan(crypto, this.#plan);
    this.#rosterHash = namedBytes('roster', setup.pool);
    this.#models.push(namedBytes('weights', 0));
    this.#ledger = new RoundLedger({ crypto, codec }, { colluders: setup.colluders });
    this.#startCoordinator();
    this.#ids.forEach((id, place) => {
      this.#chairs.set(id, {
        place,
        records: [],
        roots: new Map(),
        spool: new Map(),
        state: undefined,
        life: 0,
        connected: false,
        trained: 0,
        update: undefined,
        calls: new Map(),
      });
      this.#start(id);
      this.#connect(id);
    });
    for (let i = 0; i < setup.warmup && this.#letters.length > 0; i++) this.#deliver(this.#take(0));
  }

  apply(operation: RoundOperation): void {
    switch (operation.type) {
      case 'deliver':
        for (let i = 0; i < operation.count && this.#letters.length > 0; i++) this.#deliver(this.#take(0));
        return;
      case 'reorder':
        this.#with(operation.at, (letter) => this.#deliver(letter));
        return;
      case 'drop':
        this.#onNetwork(operation.at, (letter) => {
          if (letter.kind === 'stream') this.#disconnect(letter.to);
        });
        return;
      case 'duplicate':
        this.#onNetwork(operation.at, (letter) => {
          this.#letters.push(letter);
          this.#deliver(letter);
        });
        return;
      case 'lose-answer':
        this.#onNetwork(operation.at, (letter) => this.#loseAnswer(letter));
        return;
      case 'break-upload':
        this.#onNetwork(operation.at, (letter) => this.#breakUpload(letter));
        return;
      case 'die-of':
        this.#with(operation.at, (letter) => this.#dieOf(letter, operation.effects));
        return;
      case 'crash':
        this.#crash(this.#who(operation.who));
        return;
      case 'restart':
        this.#start(this.#who(operation.who));
        this.#connect(this.#who(operation.who));
        return;
      case 'disconnect':
        this.#disconnect(this.#who(operation.who));
        return;
      case 'connect':
        this.#connect(this.#who(operation.who));
        return;
      case 'crash-coordinator':
        this.#crashCoordinator();
        return;
      case 'restart-coordinator':
        this.#startCoordinator();
        return;
      case 'pass':
        this.#clock.pass(operation.millis);
        return;
      case 'lure':
        this.#bait(operation.senders, operation.ahead, operation.base);
        return;
      case 'lure-session':
        this.#lure?.open(namedBytes('lure', this.#setup.pool, this.#drawn++));
        return;
      case 'lure-close':
        this.#lure?.close();
        return;
    }
  }

  /**
   * The faults stop: everyone is there, nothing is lost any more, and the run must end. Where somebody else led sessions on its base models
   * it may pause instead, or wait by name: members who were led away from a certified session can neither open nor abort it.
   */
  settle(): string {
    this.#lure = undefined;
    this.#startCoordinator();
    for (const id of this.#ids) {
      this.#start(id);
      this.#connect(id);
    }
    let turns = 0;
    const calm = (): void => {
      for (; this.#letters.length > 0; turns++) this.#deliver(this.#take(0));
    };
    calm();
    while (this.#coordination!.stage.type !== 'over') {
      if (this.#lured && this.#coordination!.stage.type === 'paused') return 'paused';
      if (this.#lured && turns >= turnsMax && this.#waiting.includes('the certified sum is waited for'))
        return 'waiting';
      const { idle } = this.#clock;
      must(
        idle !== undefined && turns < turnsMax,
        'liveness',
        () => `the run stands still in ${this.#coordination!.stage.type}: ${this.#waiting}`,
      );
      turns += 1;
      this.#clock.pass(idle, calm);
    }
    const { stage, modelVersion } = this.#coordination!;
    must(stage.type === 'over', 'liveness', () => stage.type);
    return stage.outcome === 'completed' ? 'completed' : modelVersion > 0 ? 'aborted-later' : 'aborted';
  }

  // ---- the network and the clock -------------------------------------------------------------------------------

  #who(who: number): string {
    return this.#ids[who % this.#ids.length]!;
  }

  #chair(id: string): Chair {
    return this.#chairs.get(id)!;
  }

  #take(at: number): Letter {
    return this.#letters.splice(at, 1)[0]!;
  }

  #with(at: number, act: (letter: Letter) => void): void {
    if (this.#letters.length > 0) act(this.#take(at % this.#letters.length));
  }

  #onNetwork(at: number, act: (letter: Letter) => void): void {
    const carried = this.#letters.filter(({ kind }) => kind !== 'work' && kind !== 'own-work');
    const letter = carried[at % carried.length];
    if (letter !== undefined) act(this.#take(this.#letters.indexOf(letter)));
  }

  #deliver(letter: Letter): void {
    switch (letter.kind) {
      case 'stream':
        if (this.#chair(letter.to).connected)
          this.#participant(letter.to, { type: 'message', message: letter.message });
        return;
      case 'call':
        this.#handle(letter);
        return;
      case 'answer':
        this.#chair(letter.to).calls.delete(letter.call);
        if (letter.event !== undefined) this.#participant(letter.to, letter.event);
        return;
      case 'work':
        if (this.#chair(letter.to).life === letter.life) this.#participant(letter.to, letter.event);
        return;
      case 'own-work':
        if (this.#life === letter.life) this.#coordinator(letter.event);
        return;
    }
  }

  #loseAnswer(letter: Letter): void {
    const before = new Set(this.#letters);
    this.#deliver(letter);
    const kept = this.#letters.filter((one) => before.has(one) || one.kind !== 'answer');
    this.#letters.splice(0, this.#letters.length, ...kept);
  }

  #breakUpload(letter: Letter): void {
    if (letter.kind !== 'call' || letter.vector === undefined) {
      this.#deliver(letter);
      return;
    }
    const { vector, ...header } = letter;
    this.#deliver(header);
    const bytesExpected = vector.length;
    const { from: participant } = letter;
    this.#coordinator({ type: 'upload-broken', participant, bytesReceived: 48, bytesExpected });
  }

  #dieOf(letter: Letter, effects: number): void {
    this.#effectsLeft = effects;
    this.#deliver(letter);
    this.#effectsLeft = Number.POSITIVE_INFINITY;
    if (letter.kind === 'call' || letter.kind === 'own-work') this.#crashCoordinator();
    else this.#crash(letter.to);
  }

  // ---- participants --------------------------------------------------------------------------------------------

  #start(id: string): void {
    const chair = this.#chair(id);
    if (chair.state !== undefined) return;
    chair.life += 1;
    const records = chair.records.filter(({ type }) => type !== forgotten(this.#sabotage));
    chair.state = openParticipation({ participantId: id, records });
  }

  #crash(id: string): void {
    const chair = this.#chair(id);
    if (chair.state === undefined) return;
    this.#disconnect(id);
    chair.state = undefined;
    chair.life += 1;
    chair.update = undefined;
    chair.calls.clear();
    this.#clock.cancelAll(id);
  }

  #connect(id: string): void {
    const chair = this.#chair(id);
    if (chair.state === undefined || this.#coordination === undefined) return;
    if (chair.connected) this.#disconnect(id);
    chair.connected = true;
    this.#participant(id, { type: 'connected' });
    this.#coordinator({ type: 'check-in', participant: id, organization: `org-${id}` });
    for (const call of chair.calls.values()) this.#letters.push(call);
  }

  #disconnect(id: string): void {
    const chair = this.#chair(id);
    if (!chair.connected) return;
    chair.connected = false;
    this.#participant(id, { type: 'disconnected' });
    this.#coordinator({ type: 'disconnected', participant: id });
  }

  #participant(id: string, event: LocalEvent): void {
    const chair = this.#chair(id);
    if (chair.state === undefined) return;
    const ports = { crypto, codec, signer: identityOf(chair.place) };
    const { state, effects } = stepParticipation(ports, chair.state, {
      ...event,
      now: this.#clock.now,
    } as ParticipationEvent);
    chair.state = state;
    for (const effect of effects) {
      if (this.#effectsLeft === 0) return;
      this.#effectsLeft -= 1;
      this.#work(id, chair, effect);
    }
  }

  #work(id: string, chair: Chair, effect: ParticipationEffect): void {
    const later = (event: LocalEvent): void => {
      this.#letters.push({ kind: 'work', to: id, life: chair.life, event });
    };
    switch (effect.type) {
      case 'journal':
        chair.records.push(effect.record);
        return;
      case 'send':
        this.#send(id, chair, effect.message);
        return;
      case 'consider-plan':
        later({ type: 'plan-approved', run: this.#approved(id, chair) });
        return;
      case 'train':
        chair.trained += 1;
        later({ type: 'trained', round: effect.round });
        return;
      case 'prepare-update':
        if (this.#sabotage !== 'keep-update' || chair.update === undefined) {
          chair.update = { place: chair.place, serial: chair.trained - 1, metrics: effect.metrics };
        }
        later({ type: 'prepared', round: effect.round });
        return;
      case 'seal-root': {
        const { round } = effect;
        must(!chair.roots.has(round), 'second-root', () => `${id} seals another root for round ${round}`);
        const root = crypto.sha256(namedBytes('root', this.#setup.pool, chair.place), u16(round), u16(chair.life));
        chair.roots.set(round, root);
        later({ type: 'root-sealed', round, root });
        return;
      }
      case 'open-root': {
        const { round } = effect;
        const root = chair.roots.get(round);
        const error = new FederatedError('state-lost', `no root of round ${round}`);
        later(root === undefined ? { type: 'failed', round, error } : { type: 'root-sealed', round, root });
        return;
      }
      case 'mask':
        later(this.#mask(chair, effect));
        return;
      case 'upload':
        this.#upload(id, chair, effect);
        return;
      case 'erase':
        chair.roots.set(effect.round, undefined);
        chair.spool.delete(effect.round);
        return;
      case 'discard-update':
        if (this.#sabotage !== 'keep-update') chair.update = undefined;
        return;
      case 'set-timer':
        this.#clock.set(`${id}/${effect.name}`, effect.afterMillis, () =>
          this.#participant(id, { type: 'timer', name: effect.name }),
        );
        return;
      case 'cancel-timer':
        this.#clock.cancel(`${id}/${effect.name}`);
        return;
      default:
        return;
    }
  }

  #mask(chair: Chair, effect: Extract<ParticipationEffect, { type: 'mask' }>): LocalEvent {
    const { round, layout, maskKeys } = effect;
    const { update } = chair;
    must(update !== undefined, 'mask-nothing', () => `round ${round} masks an update that was discarded`);
    const vector = packLanes(layout, lanesOf(layout, update));
    addKeystreams(crypto, layout, vector, maskKeys);
    chair.spool.set(round, { vector, measure: update });
    return { type: 'masked', round, lengthBytes: vector.length, merkleRoot: vectorRoot(crypto, vector) };
  }

  #send(from: string, chair: Chair, message: ParticipantMessage): void {
    if (message.type === 'session') {
      this.#ledger.reply(from, message.round, message.frame, chair.records);
      this.#lure?.hear(from, message);
    }
    this.#call(chair, { kind: 'call', from, message });
  }

  #upload(from: string, chair: Chair, { round, header }: Extract<ParticipationEffect, { type: 'upload' }>): void {
    const spooled = chair.spool.get(round);
    must(spooled !== undefined, 'upload-unspooled', () => `${from} in round ${round}`);
    const { sid2 } = codec.upload.decode(header.body);
    const frame = { type: 'upload', upload: header } as const;
    this.#ledger.reply(from, round, frame, chair.records);
    this.#ledger.vector(from, { round, sid2, ...spooled }, chair.records);
    const message = { type: 'session', round, frame } as const;
    this.#lure?.hear(from, message, spooled.vector);
    this.#call(chair, { kind: 'call', from, message, vector: spooled.vector });
  }

  #call(chair: Chair, letter: Extract<Letter, { kind: 'call' }>): void {
    chair.calls.set(callName(letter.message), letter);
    this.#letters.push(letter);
  }

  #approved(participantId: string, chair: Chair) {
    const { runId, plan, planHash, rosterHash, roster } = this.#options();
    const terms = { participantId, planHash, rosterHash, issuedAt: 0, expires: Number.MAX_SAFE_INTEGER };
    const approval = signApproval(crypto, identityOf(chair.place), terms);
    const coordinatorKey = identityOf(coordinatorPlace).publicKey;
    return { runId, plan, planHash, rosterHash, roster, coordinatorKey, approval };
  }

  // ---- the coordinator -----------------------------------------------------------------------------------------

  #options() {
    const plan = this.#plan;
    return { runId: plan.run, plan, planHash: this.#planHash, rosterHash: this.#rosterHash, roster: this.#roster };
  }

  #startCoordinator(): void {
    if (this.#coordination !== undefined) return;
    this.#life += 1;
    this.#coordination = openCoordination({ ...this.#options(), records: [...this.#records] });
    this.#coordinator({ type: 'start', wallMillis: 0 });
  }

  #crashCoordinator(): void {
    if (this.#coordination === undefined) return;
    for (const id of this.#ids) this.#disconnect(id);
    this.#coordination = undefined;
    this.#life += 1;
    this.#clock.cancelAll('coordinator');
  }

  #handle(letter: Extract<Letter, { kind: 'call' }>): void {
    const { from: participant, message, vector } = letter;
    const effects = this.#coordinator({ type: 'message', participant, message });
    const expected = effects.find((effect) => effect.type === 'expect-upload');
    if (expected === undefined || vector === undefined) return;
    must(equalBytes(vectorRoot(crypto, vector), expected.merkleRoot), 'upload-root', () => participant);
    this.#uploads.set(toHex(expected.contentDigest), vector);
    this.#coordinator({ type: 'uploaded', participant, contentDigest: expected.contentDigest });
  }

  #coordinator(event: Unstamped<CoordinationEvent>): readonly CoordinationEffect[] {
    if (this.#coordination === undefined) return [];
    const signer = identityOf(coordinatorPlace);
    const random = {
      bytes: (length: number) => namedBytes('random', this.#setup.pool, this.#drawn++).slice(0, length),
    };
    const stamped = { ...event, now: this.#clock.now } as CoordinationEvent;
    const { state, effects } = stepCoordination({ crypto, codec, signer, random }, this.#coordination, stamped);
    this.#coordination = state;
    const done: CoordinationEffect[] = [];
    for (const effect of effects) {
      if (this.#effectsLeft === 0) return done;
      this.#effectsLeft -= 1;
      done.push(effect);
      this.#perform(effect);
    }
    return done;
  }

  #perform(effect: CoordinationEffect): void {
    switch (effect.type) {
      case 'journal':
        this.#journal(effect.record);
        return;
      case 'send':
        if (this.#chair(effect.to).connected)
          this.#letters.push({ kind: 'stream', to: effect.to, message: effect.message });
        return;
      case 'set-timer':
        this.#clock.set(`coordinator/${effect.name}`, effect.afterMillis, () => {
          this.#coordinator({ type: 'timer', name: effect.name });
        });
        return;
      case 'cancel-timer':
        this.#clock.cancel(`coordinator/${effect.name}`);
        return;
      case 'accepted':
        this.#answer(effect, effect.step === 'upload' ? this.#receipt(effect) : undefined);
        return;
      case 'rejected':
        this.#answer(effect, { type: 'rejected', round: effect.round, error: effect.error });
        return;
      case 'open-sum':
        for (const { sum } of effect.sums) this.#open(effect.round, sum);
        this.#later({ type: 'sum-opened', round: effect.round, totalWeight: 1, metrics: [] });
        return;
      case 'publish':
        this.#later({ type: 'published', round: effect.round, modelHash: crypto.sha256(effect.currentModelHash) });
        return;
      case 'report':
        if (effect.progress.type === 'waiting') this.#waiting = effect.progress.text;
        return;
      default:
        return;
    }
  }

  #journal(record: CoordinationRecord): void {
    this.#records.push(record);
    if (record.type !== 'round-ended' || record.record.outcome.type !== 'published') return;
    this.#ledger.published(record.record.outcome.modelVersion);
    this.#models.push(record.record.outcome.modelHash);
  }

  #later(event: Unstamped<CoordinationEvent>): void {
    this.#letters.push({ kind: 'own-work', life: this.#life, event });
  }

  #answer(
    about: { readonly participant: string; readonly round: number; readonly step: string },
    event: LocalEvent | undefined,
  ): void {
    const { participant: to, round, step } = about;
    this.#letters.push({ kind: 'answer', to, call: `${step}/${round}`, ...(event === undefined ? {} : { event }) });
  }

  #receipt(effect: Extract<CoordinationEffect, { type: 'accepted' }>): LocalEvent {
    const { participant: participantId, round, step, contentDigest } = effect;
    const body = codec.receipt.encode({ runId: this.#plan.run, round, step, participantId, contentDigest });
    const receipt: Signed = signBody(crypto, identityOf(coordinatorPlace), 'CSA1/receipt', body);
    return { type: 'uploaded', round, receipt };
  }

  #open(round: number, order: SumOrder): void {
    const { layout } = order;
    const vector = new Uint8Array(layout.lengthBytes);
    for (const { participant, contentDigest } of order.survivors) {
      const upload = this.#uploads.get(toHex(contentDigest));
      must(upload !== undefined, 'sum-unspooled', () => participant);
      addVector(layout, vector, upload);
    }
    addKeystreams(crypto, layout, vector, order.maskKeys);
    this.#ledger.sum(round, order, layout, openSum(layout, vector, order.survivors.length));
  }

  // ---- a coordinator that opens what no plan says ----------------------------------------------------------------

  #bait(senders: number, ahead: number, base: number): void {
    const round = Math.max(1, this.#coordination?.round ?? 0) + ahead;
    const baseModelHash = this.#models[base % this.#models.length]!;
    const terms = sessionTerms({ ...this.#options(), round, kind: 'train', baseModelHash });
    this.#lured = true;
    this.#lure = new RoundLure(terms, this.#roster, {
      send: (to, frame) => this.#letters.push({ kind: 'stream', to, message: { type: 'session', round, frame } }),
      open: (order) => this.#open(round, order),
      spool: (contentDigest, vector) => this.#uploads.set(toHex(contentDigest), vector),
    });
    const message = {
      type: 'train',
      round,
      kind: 'train',
      modelVersion: base,
      baseModelHash,
      readyMillis: 60_000,
    } as const;
    for (const id of this.#ids) {
      if ((senders >> this.#chair(id).place) % 2 === 1) this.#letters.push({ kind: 'stream', to: id, message });
    }
  }
}

/** Run one list of operations. @throws `Violation`, or whatever escaped a machine. */
export function runRounds(
  run: { readonly setup: RoundSetup; readonly operations: readonly RoundOperation[] },
  sabotage?: RoundSabotage,
): string {
  const world = new RoundWorld(run.setup, sabotage);
  for (const operation of run.operations) world.apply(operation);
  return world.settle();
}

function forgotten(sabotage: RoundSabotage | undefined): string | undefined {
  return sabotage === 'forget-entered' ? 'session-entered' : undefined;
}

function callName(message: ParticipantMessage): string {
  if (message.type === 'session') return `${message.frame.type}/${message.round}`;
  return message.type === 'approved' ? 'approve/0' : `${message.type}/${message.round}`;
}
