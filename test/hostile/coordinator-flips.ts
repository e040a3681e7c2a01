import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FederatedClient, type Trainer } from '@concordat/client-sdk';
import type { ProgressEvent, RoundReport } from '@concordat/coordinator';
import { decodeSafetensors, FederatedError, fromHex, type SessionReply } from '@concordat/core';
import type { ServiceError } from '@grpc/grpc-js';
import { connect, disconnect, federated, type Member, type Stubs } from '../coordinator/consortium.js';
import { MachineParticipant, seeded } from '../coordinator/machine-participant.js';
import { RecordingRelay, type RelayedCall } from '../e2e/recording-relay.js';
import { hurriedClock } from '../support/hurried-clock.js';
import { automaticPolicy } from '../support/stepping.js';
import { EnrolledConsortium, modelOf, names } from './consortium.js';
import { Evidence } from './evidence.js';
import { deltaOf, exactTrainer, parameters } from './exact-trainer.js';
import { endOf, type FlippedRound, isExcluded, judgeFlips, type SaidFlip } from './flipped-round.js';
import {
  type AnswerFlip,
  type FlippedAnswer,
  ofResults,
  ofRounds,
  type SpokenToCoordinators,
  whatPathsSay,
} from './spoken-to-coordinators.js';
import { SpokenWire } from './spoken-wire.js';

const victim = names[0];
const others = names.slice(1);
/** c of the plan. */
const colluders = 1;
/** Nobody is waited for: whoever keeps the others waiting is given up by `hurry`. */
const deadlines = { selectMillis: 60_000, readyMillis: 600_000, stepMillis: 600_000, graceMillis: 600_000 };
/** A larger number takes another byte: the messages of a run are as long as they were measured. */
const roundsOfRun = 120;

/** What a round is about, and what was said in it. */
interface Turn extends FlippedRound {
  readonly said: SaidFlip[];
  /** Everything of it has been said: the others may speak. */
  readonly over: Promise<void>;
  end(): void;
  isTaken: boolean;
}

/** Flips of a message of `length` bytes. */
type Draw = (what: SpokenToCoordinators, length: number) => readonly AnswerFlip[];

/** One real client whose bytes are changed on the way, four that are left alone, one real coordinator. */
export class AnswerFlipPlayer {
  readonly #consortium: EnrolledConsortium;
  readonly #clock: ReturnType<typeof hurriedClock>;
  readonly #evidence = new Evidence();
  readonly #wire = new SpokenWire();
  readonly #members: Member[] = [];
  #relay!: RecordingRelay;
  #client!: FederatedClient;
  #directory = '';
  readonly #queues = new Map<SpokenToCoordinators, AnswerFlip[]>();
  readonly #lengths = new Map<SpokenToCoordinators, number>();
  #runs = 0;
  #runId = '';
  #turn: Turn | undefined;
  #turns: Turn[] = [];
  /** Said outside the steps of a round. */
  #aside: SaidFlip[] = [];
  #reports: RoundReport[] = [];
  #reported: () => void = () => undefined;
  #draw: Draw | undefined;
  #isChecked = false;

  private constructor(consortium: EnrolledConsortium, clock: ReturnType<typeof hurriedClock>) {
    this.#consortium = consortium;
    this.#clock = clock;
  }

  static async open(): Promise<AnswerFlipPlayer> {
    const clock = hurriedClock();
    const player = new AnswerFlipPlayer(await EnrolledConsortium.enrol({ clock }), clock);
    await player.#consortium.real.operator.put(player.#consortium.topology);
    await player.#start();
    for (const name of others) player.#members.push(player.#member(name));
    return player;
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#relay.close();
    for (const { stubs } of this.#members) disconnect(stubs);
    await this.#consortium.close();
  }

  /** Bytes of each message. */
  async measure(): Promise<ReadonlyMap<SpokenToCoordinators, number>> {
    await this.sample(() => []);
    return this.#lengths;
  }

  /** Play what is drawn of each message, the first time that it is said. */
  async sample(draw: Draw): Promise<readonly FlippedAnswer[]> {
    this.#draw = draw;
    const played = [...(await this.#run(false)), ...(await this.#run(true))];
    this.#draw = undefined;
    return played;
  }

  /** Say each flipped message to the coordinator, the true one behind it, and look at what came of the round. */
  async play(flips: readonly AnswerFlip[]): Promise<readonly FlippedAnswer[]> {
    const played: FlippedAnswer[] = [];
    for (const checked of [false, true]) {
      const wanted = flips.filter(({ what }) => ofResults.includes(what) === checked);
      for (const flip of wanted) this.#queues.set(flip.what, [...(this.#queues.get(flip.what) ?? []), flip]);
      while (this.#isWanting()) played.push(...(await this.#run(checked)));
    }
    return played;
  }

  #isWanting(): boolean {
    return [...this.#queues.values()].some(({ length }) => length > 0);
  }

  async #start(): Promise<void> {
    const { real, tls } = this.#consortium;
    const directory = this.#consortium.directoryOf(victim, 'the relay is not there yet');
    this.#directory = directory;
    this.#evidence.secretsOf(victim, directory);
    this.#relay = await RecordingRelay.listen({
      participant: victim,
      directory,
      tls,
      address: () => real.coordinator.address,
      evidence: this.#evidence,
      interpose: (call) => this.#change(call),
    });
    this.#consortium.redirect(directory, this.#relay.address);
    this.#client = await FederatedClient.open({
      directory,
      trainer: this.#trainer(),
      policy: automaticPolicy,
      random: (purpose) => {
        const random = seeded(`flips ${purpose}`);
        if (purpose !== 'session-root') return random;
        return { bytes: (length) => this.#drawn(random.bytes(length)) };
      },
      onEvent: (event) => this.#evidence.texts.push(JSON.stringify(event)),
    });
  }

  #member(id: string): Member {
    const { real, signers, tls } = this.#consortium;
    const { address } = real.coordinator;
    const directory = this.#consortium.directoryOf(id, address);
    const read = (file: string) => readFileSync(join(directory, file), 'utf8');
    const { authorityPem } = tls;
    const own = { authorityPem, certificatePem: read('certificate.pem'), privateKeyPem: read('tls.key') };
    return { id, signer: signers.get(id)!, tls: own, stubs: this.#patient(connect(address, own)) };
  }

  /** Those who are left alone let the changed messages be first: with T of theirs a step is over. */
  #patient(stubs: Stubs): Stubs {
    type Method = (...args: readonly unknown[]) => unknown;
    const methods = stubs.Rounds as unknown as Record<string, Method>;
    for (const method of ['Advertise', 'Share', 'Confirm', 'Certify', 'Reveal', 'Abort']) {
      const call = methods[method]!.bind(stubs.Rounds);
      const what = whatPathsSay[`/concordat.v1.Rounds/${method}`]!;
      methods[method] = (request, _, answered) => {
        const later = () => call(request, {}, answered);
        if (this.#turn === undefined) later();
        else void this.#wait(this.#turn, what).then(later);
      };
    }
    return stubs;
  }

  /** One that is left alone, in this run. */
  #companion(member: Member): MachineParticipant {
    return new MachineParticipant(member, {
      clientEpoch: this.#runs,
      delta: (_parameters, round) => deltaOf(member.id, round),
      says: (message) => {
        if (message.type === 'session') this.#heard(member.id, message.round, message.frame);
        return [message];
      },
    });
  }

  #heard(from: string, round: number, frame: SessionReply): void {
    const turn = this.#turn;
    const isAlone = turn?.about === 'decline' || (turn?.about === 'advertise' && !turn.isTaken);
    this.#evidence.say({ from, session: `${this.#runId}/${round}`, frame, cohort: isAlone ? others : names });
  }

  #trainer(): Trainer {
    const exact = exactTrainer(victim);
    return {
      ...exact,
      fit: async (request) => {
        await this.#begin(request.round, true);
        if (this.#turn!.about === 'decline') throw new FederatedError('unavailable', 'the data is away today');
        return exact.fit(request);
      },
    };
  }

  #drawn(bytes: Uint8Array): Uint8Array {
    if (bytes.length !== 32) return bytes;
    this.#evidence.secret(`${victim}: session root ${this.#runs}/${this.#turns.length}`, bytes);
    return bytes;
  }

  async #run(checked: boolean): Promise<readonly FlippedAnswer[]> {
    this.#isChecked = checked;
    this.#runs += 1;
    this.#runId = `flips-${String(this.#runs).padStart(4, '0')}`;
    this.#turn = undefined;
    this.#turns = [];
    this.#aside = [];
    this.#reports = [];
    const { operator } = this.#consortium.real;
    await operator.put(modelOf(this.#runs));
    const check = checked ? ({ aggregateCheck: 'on', transcriptRetention: 2 } as const) : {};
    const draft = { run: this.#runId, rounds: roundsOfRun, deadlines, ...check };
    const { signed } = this.#consortium.plan(draft, this.#runs);
    const planHash = await operator.propose(signed);
    const companions = this.#members.map((member) => this.#companion(member));
    for (const companion of companions) await companion.connect();
    const ended = this.#client.run({ once: true });
    await operator.startRun(planHash, this.#runId);
    await operator.watch(this.#runId, 1, ({ event }) => this.#watched(event));
    await ended;
    for (const companion of companions) companion.leave();
    return this.#judge();
  }

  #watched(event: ProgressEvent): void {
    if (event.type === 'waiting' && event.phase === 'certify' && this.#turn?.about === 'abort') this.#clock.hurry();
    if (event.type === 'round') this.#reports.push(event);
    const told = this.#reported;
    this.#reported = () => undefined;
    told();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        const before = this.#reported;
        this.#reported = () => {
          before();
          resolve();
        };
      });
    }
  }

  #isReported(round: number): boolean {
    return this.#reports.some((report) => report.round === round);
  }

  // Those who are left alone let the changed messages be first: with T of them a step is over.
  async #wait(turn: Turn, what: SpokenToCoordinators): Promise<void> {
    if (what === 'certify' && turn.about === 'abort') await this.#until(() => this.#isReported(turn.round));
    else if (what === turn.about) await turn.over;
  }

  async #change(call: RelayedCall): Promise<readonly Buffer[]> {
    const what = this.#whatIn(call);
    if (what === undefined) return call.send(call.frames);
    if (what === 'ready') await this.#begin(this.#roundOf(call), false);
    const turn = this.#turn;
    if (what === 'certify' && turn?.about === 'abort') await this.#wait(turn, what);
    this.#note(what, call.frames);
    const isSaid = turn?.about === what || (turn?.about === 'upload chunk' && what === 'upload header');
    if (isSaid) await this.#say(turn!.about!, call);
    else if (!ofRounds.includes(what)) await this.#say(what, call);
    try {
      const answers = await call.send(call.frames);
      if (isSaid) turn!.isTaken = true;
      return answers;
    } finally {
      if (isSaid) turn!.end();
      if (what === 'sign') await this.#endRun();
    }
  }

  #whatIn({ path, frames }: RelayedCall): SpokenToCoordinators | undefined {
    const what = whatPathsSay[path];
    if (what !== 'approved') return what;
    const { answer } = this.#wire.services.Rounds.service.Answer.requestDeserialize(frames[0]!);
    return answer === 'decline' ? 'decline' : 'approved';
  }

  #roundOf({ frames }: RelayedCall): number {
    return this.#wire.services.Rounds.service.Ready.requestDeserialize(frames[0]!).key!.round;
  }

  /**
   * A round begins for us when its client trains, or is ready without: an update that nobody has seen is kept. The round before is over
   * by then.
   *
   * @param canDecline it has not trained.
   */
  async #begin(round: number, canDecline: boolean): Promise<void> {
    await this.#until(() => round === 1 || this.#isReported(round - 1));
    if (this.#turn?.round === round) return;
    const about = this.#next(canDecline);
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#turn = { round, about, said: [], over, end, isTaken: false };
    this.#turns.push(this.#turn);
    const isLast = round > 1 && !this.#isWanting() && this.#unheard() === undefined;
    if (!this.#isChecked && (isLast || round >= roundsOfRun)) await this.#endRun();
  }

  async #endRun(): Promise<void> {
    await this.#consortium.real.operator.endRun(this.#runId, 'everything was said');
  }

  /** The first round that is drawn from is as usual. */
  #next(canDecline: boolean): SpokenToCoordinators | undefined {
    if (this.#draw !== undefined && this.#turns.length === 0) return undefined;
    const left = ofRounds.filter((what) => (this.#queues.get(what) ?? []).length > 0);
    const about = left.find((what) => what !== 'decline' || canDecline) ?? this.#unheard();
    return about === 'decline' && !canDecline ? undefined : about;
  }

  /** What no round says by itself. */
  #unheard(): SpokenToCoordinators | undefined {
    if (this.#draw === undefined) return undefined;
    return (['abort', 'decline'] as const).find((what) => !this.#lengths.has(what));
  }

  /** Say changed messages until one excludes their sender from the round. */
  async #say(what: SpokenToCoordinators, { frames, send }: RelayedCall): Promise<void> {
    const queue = this.#queues.get(what) ?? [];
    const at = what === 'upload chunk' ? 1 : 0;
    const isOfRound = ofRounds.includes(what);
    for (let first = true; queue.length > 0; first = false) {
      const flip = queue.shift()!;
      const changed = Buffer.from(frames[at]!);
      changed[flip.at]! ^= 1 << flip.bit;
      const refusal = await send(frames.map((frame, i) => (i === at ? changed : frame))).then(
        () => undefined,
        (error: ServiceError) => federated(error),
      );
      if (isOfRound && !first && refusal !== undefined && isExcluded(refusal)) {
        // What it was excluded for came before: this one was not looked at.
        queue.unshift(flip);
        return;
      }
      const isSaid = flip.at < changed.length;
      (isOfRound ? this.#turn!.said : this.#aside).push({ flip, refusal, isSaid });
      if (isOfRound && refusal === undefined) return;
    }
  }

  async #judge(): Promise<readonly FlippedAnswer[]> {
    const { operator } = this.#consortium.real;
    const ends = new Map<number, string>();
    let before = new Float32Array(parameters).fill(this.#runs);
    for (const report of this.#reports) {
      const [bias] = report.modelHash === '' ? [] : decodeSafetensors(await operator.get(fromHex(report.modelHash)));
      ends.set(report.round, endOf(report, before, bias?.values));
      before = (bias?.values as typeof before | undefined) ?? before;
    }
    const violations = this.#evidence.violations(names, colluders);
    this.#evidence.forget();
    this.#evidence.secretsOf(victim, this.#directory);
    const endsOf = ({ round }: Turn) => ends.get(round) ?? 'no round';
    // What is said of plans, models and sums is judged by the first round: it must be as if nothing had been said.
    const [first] = this.#turns;
    const asides = first === undefined ? [] : judgeFlips({ ...first, said: this.#aside }, endsOf(first));
    const played = [...asides, ...this.#turns.flatMap((turn) => judgeFlips(turn, endsOf(turn)))];
    const last = played.pop();
    return last === undefined ? [] : [...played, { ...last, wrong: [...last.wrong, ...violations] }];
  }

  #note(what: SpokenToCoordinators, [first, second]: readonly Buffer[]): void {
    if (this.#draw === undefined || this.#lengths.has(what)) return;
    this.#lengths.set(what, first!.length);
    this.#queues.set(what, [...this.#draw(what, first!.length)]);
    if (what === 'upload header') this.#note('upload chunk', [second!]);
  }
}
