import {
  type AggregatorEffect,
  type AggregatorEvent,
  type AggregatorPorts,
  type AggregatorRecord,
  type AggregatorState,
  abortsLacking,
  addKeystreams,
  addVector,
  awaited,
  equalBytes,
  framesSent,
  type Layout,
  openAggregator,
  openParticipant,
  openSum,
  type ParticipantEffect,
  type ParticipantEvent,
  packLanes,
  type SessionConfig,
  type SessionFrame,
  type SessionReply,
  type SumOrder,
  signBody,
  stepAggregator,
  stepParticipant,
  toHex,
  vectorRoot,
} from '@concordat/core';
import { mutationsOf } from '../support/mutations.js';
import { lanesOf } from './measures.js';
import type { Chair, Heard, Letter, Sabotage, Spooled } from './session-chair.js';
import { SessionLedger } from './session-ledger.js';
import { type SessionOperation, type SessionSetup, sessionSteps } from './session-operation.js';
import {
  codec,
  configOf,
  coordinatorPlace,
  crypto,
  identityOf,
  idsOf,
  namedBytes,
  optionsOf,
  placeOf,
  rosterOf,
} from './session-pool.js';
import { SessionShadows } from './session-shadows.js';
import { must } from './violation.js';

export interface SessionEnd {
  /** `waiting`: certified, and whoever could still open it was led elsewhere. */
  readonly outcome: 'opened' | 'abandoned' | 'aborted' | 'aborting' | 'waiting';
}

/** How many deadlines a session can need to end: one for each step. */
const deadlinesMax = 8;

/** Both machines of one session on a network that loses, repeats and reorders, with processes that die between any two effects. */
export class SessionWorld {
  readonly #setup: SessionSetup;
  readonly #sabotage: Sabotage | undefined;
  readonly #ids: readonly string[];
  readonly #config: SessionConfig;
  readonly #ports: AggregatorPorts = { crypto, codec, signer: identityOf(coordinatorPlace) };
  readonly #ledger: SessionLedger;
  readonly #chairs = new Map<string, Chair>();
  readonly #letters: Letter[] = [];
  readonly #records: AggregatorRecord[] = [];
  readonly #uploads = new Map<string, Uint8Array>();
  /** Every reply that ever left, for a coordinator that tells two stories. */
  readonly #heard: Heard[] = [];
  readonly #shadows: SessionShadows;
  #aggregator: AggregatorState;
  #hostile = false;
  /** Effects that the process under way may still carry out. */
  #effectsLeft = Number.POSITIVE_INFINITY;

  constructor(setup: SessionSetup, sabotage?: Sabotage) {
    this.#setup = setup;
    this.#sabotage = sabotage;
    this.#ids = idsOf(setup.participants);
    this.#config = configOf(setup);
    this.#ledger = new SessionLedger({ crypto, codec }, { colluders: setup.colluders });
    this.#ids.forEach((id, place) => {
      this.#chairs.set(id, {
        place,
        records: [],
        spool: new Map(),
        rooted: true,
        state: undefined,
        trained: 0,
        inHand: false,
        unanswered: new Map(),
        snapshot: undefined,
      });
      this.#start(id);
    });
    this.#shadows = new SessionShadows(setup, {
      send: (to, frame) => this.#letters.push({ to, frame }),
      open: (order) => this.#open(order),
      spool: (contentDigest, vector) => this.#uploads.set(toHex(contentDigest), vector),
    });
    const opening = openAggregator(this.#ports, optionsOf(setup));
    this.#aggregator = opening.state;
    this.#perform(opening.effects);
    for (let i = 0; i < setup.warmup && this.#letters.length > 0; i++) this.#deliver(this.#take(0));
  }

  apply(operation: SessionOperation): void {
    switch (operation.type) {
      case 'deliver':
        for (let i = 0; i < operation.count && this.#letters.length > 0; i++) this.#deliver(this.#take(0));
        return;
      case 'reorder':
        this.#with(operation.at, (letter) => this.#deliver(letter));
        return;
      case 'drop':
        this.#with(operation.at, () => {});
        return;
      case 'duplicate':
        this.#with(operation.at, (letter) => {
          this.#letters.push(letter);
          this.#deliver(letter);
        });
        return;
      case 'lose-answer':
        this.#with(operation.at, (letter) => this.#loseAnswer(letter));
        return;
      case 'break-upload':
        this.#with(operation.at, (letter) => {
          if (!('vector' in letter)) return this.#deliver(letter);
          const { vector: _, ...header } = letter;
          this.#deliver(header);
        });
        return;
      case 'die-of':
        this.#with(operation.at, (letter) => this.#dieOf(letter, operation.effects));
        return;
      case 'crash':
        this.#crash(this.#who(operation.who));
        return;
      case 'restart':
        this.#start(this.#who(operation.who));
        return;
      case 'reconnect':
        this.#reconnect(this.#who(operation.who));
        return;
      case 'deadline':
        this.#deadline();
        return;
      case 'give-up':
        this.#step({ type: 'abandon', reason: 'the model gives it up' });
        return;
      case 'lure-abort':
        this.#lureAbort(operation);
        return;
      case 'leave':
        this.#hostile = true;
        this.#participant(this.#who(operation.who), { type: 'end' });
        return;
      case 'tamper':
        this.#hostile = true;
        this.#with(operation.at, (letter) => this.#tamper(letter, operation.which));
        return;
      case 'favour':
        this.#favour(this.#who(operation.who), operation.frame, operation.effects);
        return;
      case 'rewind':
        this.#rewind(this.#who(operation.who), operation.frame);
        return;
      case 'fork':
        this.#fork(operation);
        return;
    }
  }

  /** The faults stop: everyone comes back, nothing is lost any more, and the session must end. */
  settle(): SessionEnd {
    for (const id of this.#ids) this.#start(id);
    const mustOpen = this.#canOpen();
    for (let deadlines = 0; deadlines <= deadlinesMax; deadlines++) {
      this.#calm();
      const { phase } = this.#aggregator;
      if (phase === 'opened') return { outcome: 'opened' };
      if (phase === 'abandoned' || phase === 'aborting' || phase === 'aborted') {
        must(!mustOpen, 'liveness', () => `${phase} though enough were there: ${JSON.stringify(this.#records.at(-1))}`);
        const stuck = phase === 'aborting' && !this.#hostile;
        must(!stuck, 'liveness', () => `everyone is there, and the abort waits for ${abortsLacking(this.#aggregator)}`);
        return { outcome: phase };
      }
      if (phase === 'reveal' && this.#hostile) return { outcome: 'waiting' };
      const missing = awaited(this.#aggregator);
      must(missing.length > 0, 'liveness', () => `${phase} waits for nobody`);
      if (!this.#hostile) {
        const idle = missing.find((id) => this.#chair(id).state?.phase !== 'ended');
        must(idle === undefined, 'liveness', () => `${phase} waits for ${idle}, which is there and has answered`);
      }
      this.#deadline();
    }
    must(false, 'liveness', () => `no end in ${this.#aggregator.phase} after ${deadlinesMax} deadlines`);
  }

  /** Deliver everything, resend everything, until that changes nothing. */
  #calm(): void {
    for (let quiet = 0; quiet < 2; ) {
      const before = this.#fingerprint();
      for (const id of this.#ids) this.#reconnect(id);
      for (let left = this.#letters.length; left > 0; left = this.#letters.length) this.#deliver(this.#take(0));
      quiet = this.#fingerprint() === before ? quiet + 1 : 0;
    }
  }

  #fingerprint(): string {
    const states = this.#ids.map((id) => this.#chair(id).state?.phase);
    return `${this.#aggregator.phase} ${this.#aggregator.answers.size} ${states.join()} ${this.#records.length}`;
  }

  /** Whether the session, as it is, still has enough members who are able to finish it. Only asked when nobody lies. */
  #canOpen(): boolean {
    if (this.#hostile || this.#sabotage !== undefined) return false;
    const state = this.#aggregator;
    const able = (id: string): boolean => !state.absent.has(id) && this.#chair(id).state?.phase !== 'ended';
    const answered = (step: string, id: string): boolean => state.answers.has(`${step}/${id}`);
    const name = (index: number): string => ('cohort' in state ? state.cohort[index]!.participantId : '');
    switch (state.phase) {
      case 'advertise':
        return this.#ids.filter(able).length === this.#ids.length;
      case 'share': {
        const dealing = state.cohort.map((_, index) => name(index)).filter(able);
        return dealing.length >= state.numbers.survivorsFloor && dealing.length === state.cohort.length;
      }
      case 'confirm':
        return [...state.deals.keys()].every((index) => able(name(index)));
      case 'upload':
        return state.dealers.filter((index) => able(name(index))).length >= state.numbers.survivorsFloor;
      case 'certify':
        return (
          state.survivors.filter((index) => able(name(index)) || answered('certify', name(index))).length >=
            state.numbers.threshold &&
          state.dealers.filter((index) => able(name(index))).length >= state.numbers.threshold
        );
      case 'reveal':
        return (
          state.dealers.filter((index) => able(name(index)) || answered('reveal', name(index))).length >=
          state.numbers.threshold
        );
      default:
        return false;
    }
  }

  // ---- the network ---------------------------------------------------------------------------------------------

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

  #deliver(letter: Letter): void {
    if (letter.to === 'coordinator') {
      if ('absent' in letter) this.#step({ type: 'absent', from: letter.from, reason: letter.absent });
      else if ('frame' in letter) this.#handle(letter as Extract<Letter, { to: 'coordinator'; frame: SessionReply }>);
      return;
    }
    if (this.#chair(letter.to).state === undefined) return;
    if ('answerTo' in letter) {
      this.#chair(letter.to).unanswered.delete(letter.answerTo);
      if (letter.receipt !== undefined) this.#participant(letter.to, { type: 'uploaded', receipt: letter.receipt });
    } else if ('frame' in letter) {
      this.#participant(letter.to, { type: 'frame', frame: letter.frame as SessionFrame });
    }
  }

  /** The coordinator's side of one call. */
  #handle({ from, frame, vector }: Extract<Letter, { to: 'coordinator'; frame: SessionReply }>): void {
    const effects = this.#step({ type: 'reply', from, frame });
    const expected = effects.find((effect) => effect.type === 'expect-upload');
    if (expected === undefined || vector === undefined) return;
    const whole = vector.length === expected.lengthBytes && equalBytes(vectorRoot(crypto, vector), expected.merkleRoot);
    if (!whole) return;
    this.#uploads.set(toHex(expected.contentDigest), vector);
    this.#step({ type: 'upload-complete', from, contentDigest: expected.contentDigest });
  }

  #loseAnswer(letter: Letter): void {
    const before = new Set(this.#letters);
    this.#deliver(letter);
    const kept = this.#letters.filter((one) => before.has(one) || !('answerTo' in one));
    this.#letters.splice(0, this.#letters.length, ...kept);
  }

  #dieOf(letter: Letter, effects: number): void {
    if (letter.to === 'coordinator') {
      this.#deliver(letter);
      return;
    }
    this.#effectsLeft = effects;
    this.#deliver(letter);
    this.#effectsLeft = Number.POSITIVE_INFINITY;
    this.#crash(letter.to);
  }

  #tamper(letter: Letter, which: number): void {
    if (!('frame' in letter)) {
      this.#deliver(letter);
      return;
    }
    const variants = mutationsOf(letter.frame as object);
    if (variants.length === 0) {
      this.#deliver(letter);
      return;
    }
    this.#deliver({ ...letter, frame: variants[which % variants.length] } as Letter);
  }

  #reconnect(id: string): void {
    const chair = this.#chair(id);
    if (chair.state === undefined) return;
    for (const frame of framesSent(this.#aggregator, id)) this.#letters.push({ to: id, frame });
    for (const frame of chair.unanswered.values()) this.#call(id, chair, frame);
  }

  // ---- participants --------------------------------------------------------------------------------------------

  #start(id: string): void {
    const chair = this.#chair(id);
    if (chair.state !== undefined) return;
    if (this.#sabotage === 'restore-snapshot' && chair.snapshot !== undefined) {
      chair.state = chair.snapshot;
      return;
    }
    const records = chair.records.filter(({ type }) => !this.#forgotten().includes(type));
    const over = records.some(({ type }) => ['revealed', 'abort-signed', 'abort-certified', 'ended'].includes(type));
    must(over || chair.rooted, 'root-erased', () => `${id} erased its root and its records do not say it is over`);
    const root = chair.rooted ? { root: namedBytes('root', this.#setup.pool, chair.place) } : {};
    chair.state = openParticipant({
      ...root,
      participantId: id,
      roster: rosterOf(this.#setup.participants),
      coordinatorKey: identityOf(coordinatorPlace).publicKey,
      terms: this.#config,
      records,
    });
    if (chair.state.phase === 'ended') this.#letters.push({ to: 'coordinator', from: id, absent: 'it is over here' });
  }

  #forgotten(): readonly string[] {
    switch (this.#sabotage) {
      case 'forget-records':
        return this.#ids.flatMap((id) => this.#chair(id).records.map(({ type }) => type));
      case 'forget-statement':
        return ['survivors-signed'];
      case 'forget-abort':
        return ['abort-signed'];
      case 'forget-vector':
        return ['masked', 'uploaded'];
      default:
        return [];
    }
  }

  #crash(id: string): void {
    const chair = this.#chair(id);
    chair.state = undefined;
    chair.inHand = false;
    chair.unanswered.clear();
  }

  #participant(id: string, event: ParticipantEvent): void {
    const chair = this.#chair(id);
    if (chair.state === undefined) return;
    const ports = { crypto, codec, signer: identityOf(chair.place) };
    const { state, effects } = stepParticipant(ports, chair.state, event);
    chair.state = state;
    if (state.phase === 'uploaded') chair.snapshot = state;
    for (const effect of effects) {
      if (this.#effectsLeft === 0) return;
      this.#effectsLeft -= 1;
      this.#work(id, chair, effect);
    }
  }

  #work(id: string, chair: Chair, effect: ParticipantEffect): void {
    switch (effect.type) {
      case 'journal':
        chair.records.push(effect.record);
        if (effect.record.type === 'abort-certified') this.#ledger.aborted(id, effect.record.sid);
        return;
      case 'send':
        chair.unanswered.set(effect.frame.type, effect.frame);
        this.#call(id, chair, effect.frame);
        return;
      case 'mask':
        this.#mask(id, chair, effect);
        return;
      case 'refuse':
        if (chair.state?.phase === 'ended') {
          this.#letters.push({ to: 'coordinator', from: id, absent: effect.error.message });
        }
        return;
      case 'erase':
        chair.rooted = false;
        return;
    }
  }

  #call(id: string, chair: Chair, frame: SessionReply): void {
    this.#ledger.reply(id, frame, chair.records);
    if (frame.type !== 'upload') {
      this.#heard.push({ from: id, frame });
      this.#letters.push({ to: 'coordinator', from: id, frame });
      return;
    }
    const { sid2 } = codec.upload.decode(frame.upload.body);
    const spooled = chair.spool.get(toHex(sid2));
    must(spooled !== undefined, 'upload-unspooled', () => id);
    this.#ledger.vector(id, sid2, spooled.vector, spooled.measure);
    this.#heard.push({ from: id, frame, vector: spooled.vector });
    this.#letters.push({ to: 'coordinator', from: id, frame, vector: spooled.vector });
  }

  #mask(id: string, chair: Chair, { sid2, maskKeys, layout }: Extract<ParticipantEffect, { type: 'mask' }>): void {
    const known = this.#sabotage === 'forget-vector' ? undefined : chair.spool.get(toHex(sid2));
    const spooled = known ?? this.#maskFresh(chair, layout, maskKeys);
    chair.spool.set(toHex(sid2), spooled);
    const { vector } = spooled;
    this.#participant(id, { type: 'masked', lengthBytes: vector.length, merkleRoot: vectorRoot(crypto, vector) });
  }

  #maskFresh(
    chair: Chair,
    layout: Layout,
    maskKeys: Extract<ParticipantEffect, { type: 'mask' }>['maskKeys'],
  ): Spooled {
    if (!chair.inHand) chair.trained += 1;
    chair.inHand = true;
    const measure = { place: chair.place, serial: chair.trained - 1 };
    const lanes = lanesOf(layout, measure);
    if (this.#sabotage === 'count-twice')
      for (const segment of lanes)
        segment.forEach((lane, i) => {
          segment[i] = 2 * lane;
        });
    const vector = packLanes(layout, lanes);
    addKeystreams(crypto, layout, vector, maskKeys);
    return { vector, measure };
  }

  // ---- the coordinator -----------------------------------------------------------------------------------------

  #deadline(): void {
    const { phase } = this.#aggregator;
    const step = sessionSteps.find((one) => one === phase);
    if (step !== undefined) this.#step({ type: 'close-step', step });
  }

  #step(event: AggregatorEvent): readonly AggregatorEffect[] {
    const { state, effects } = stepAggregator(this.#ports, this.#aggregator, event);
    this.#aggregator = state;
    this.#perform(effects);
    return effects;
  }

  #perform(effects: readonly AggregatorEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'journal') this.#records.push(effect.record);
      else if (effect.type === 'send') this.#letters.push({ to: effect.to, frame: effect.frame });
      else if (effect.type === 'accepted') this.#answer(effect.from, effect.step, effect.contentDigest);
      else if (effect.type === 'rejected') this.#letters.push({ to: effect.from, answerTo: effect.step });
      else if (effect.type === 'open-sum') this.#open(effect.sum);
    }
  }

  #answer(participantId: string, step: string, contentDigest: Uint8Array): void {
    if (step !== 'upload') {
      this.#letters.push({ to: participantId, answerTo: step });
      return;
    }
    const { runId, round } = this.#config;
    const body = codec.receipt.encode({ runId, round, step, participantId, contentDigest });
    const receipt = signBody(crypto, this.#ports.signer, 'CSA1/receipt', body);
    this.#letters.push({ to: participantId, answerTo: step, receipt });
  }

  #open(order: SumOrder): void {
    const { layout } = order;
    const vector = new Uint8Array(layout.lengthBytes);
    for (const { participant, contentDigest } of order.survivors) {
      const upload = this.#uploads.get(toHex(contentDigest));
      must(upload !== undefined, 'sum-unspooled', () => participant);
      addVector(layout, vector, upload);
    }
    addKeystreams(crypto, layout, vector, order.maskKeys);
    this.#ledger.sum(order, layout, openSum(layout, vector, order.survivors.length));
  }

  // ---- a coordinator that tells two stories --------------------------------------------------------------------

  #fork(operation: Extract<SessionOperation, { type: 'fork' }>): void {
    this.#hostile = true;
    const { shadow, step, collude, short, urgent } = operation;
    const waiting = this.#letters.splice(0);
    this.#shadows.fork(shadow, step, this.#heard.filter(wantedBy(operation)));
    if (collude) this.#shadows.collude(shadow);
    if (short) this.#shadows.showCertificate(shadow);
    if (urgent) this.#letters.push(...waiting);
    else this.#letters.unshift(...waiting);
  }

  #lureAbort({ who, show }: Extract<SessionOperation, { type: 'lure-abort' }>): void {
    if (!('sid' in this.#aggregator)) return;
    this.#hostile = true;
    const { sid, cohort } = this.#aggregator;
    const to = this.#who(who);
    if (!show) {
      this.#letters.unshift({ to, frame: { type: 'abort-proposal', sid } });
      return;
    }
    const body = codec.abort.encode({ sid });
    const heard = new Map<number, Uint8Array>();
    for (const { from, frame } of this.#heard) {
      const index = cohort.findIndex((member) => member.participantId === from);
      if (frame.type === 'abort') heard.set(index, frame.statement.signature);
    }
    for (let index = cohort.length - this.#setup.colluders; index < cohort.length; index++) {
      const signer = identityOf(placeOf(cohort[index]!.participantId));
      heard.set(index, signBody(crypto, signer, 'CSA1/abort', body).signature);
    }
    const signatures = [...heard].map(([participant, signature]) => ({ participant, signature }));
    this.#letters.unshift({ to, frame: { type: 'abort-certificate', body, signatures } });
  }

  #favour(to: string, type: SessionFrame['type'], effects: number | null): void {
    this.#hostile = true;
    const wanted = this.#letters.filter((one) => one.to === to && 'frame' in one && one.frame.type === type).at(-1);
    if (wanted === undefined) return;
    const letter = this.#take(this.#letters.indexOf(wanted));
    if (effects === null) this.#deliver(letter);
    else this.#dieOf(letter, effects);
  }

  #rewind(id: string, type: SessionFrame['type']): void {
    this.#hostile = true;
    this.#crash(id);
    this.#start(id);
    for (const frame of framesSent(this.#aggregator, id)) {
      if (frame.type === type) return;
      this.#participant(id, { type: 'frame', frame });
    }
  }
}

/** Run one list of operations. @throws `Violation`, or whatever escaped a machine. */
export function runSession(
  run: { readonly setup: SessionSetup; readonly operations: readonly SessionOperation[] },
  sabotage?: Sabotage,
): SessionEnd {
  const world = new SessionWorld(run.setup, sabotage);
  for (const operation of run.operations) world.apply(operation);
  return world.settle();
}

/** What a second session is told: everything before its step, and in it only the senders of the bitmap. */
function wantedBy({ step, senders }: Extract<SessionOperation, { type: 'fork' }>): (heard: Heard) => boolean {
  return ({ from, frame }) => frame.type !== step || (senders >> placeOf(from)) % 2 === 1;
}
