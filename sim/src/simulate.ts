import { availableParallelism } from 'node:os';
import type { EngineDescription, EngineName } from '@concordat/client-sdk';
import { type CoordinationRecord, FederatedError, type MetricValues, type RoundRecord, toHex } from '@concordat/core';
import { chooseKernels, nodeCrypto } from '@concordat/node';
import { sessionCodec } from '@concordat/proto';
import { foundConsortium, type SimulationPorts } from './consortium.js';
import { dropouts } from './dropouts.js';
import { checkScenario, type DropStep, type Scenario, type ScenarioInput } from './scenario.js';
import { SharedAgreements } from './shared-agreements.js';
import { SharedVerifications, type Verifications } from './shared-verifications.js';
import { type Traffic, TrafficCounter } from './traffic.js';
import { loadTask } from './training/task.js';
import { TrainingPool } from './training/training-pool.js';
import { type OpenedOfRound, VirtualCoordinator } from './virtual-coordinator.js';
import { VirtualParticipant } from './virtual-participant.js';
import type { Happening, Seat, World } from './world.js';

/** How one attempt went, and whether what it opened is what the survivors put in. */
export interface SimulatedRound extends RoundRecord {
  /** Every lane of the opened sum equals the integer sum of the survivors' updates; undefined when nothing was opened. */
  readonly exact: boolean | undefined;
  /** Lanes compared. */
  readonly lanes: number;
  /** What was sent in this round, by message. */
  readonly traffic: Traffic;
  /** Virtual time at its end, from the start of the run. */
  readonly virtualMillis: number;
  /** Of the model that this round published, on the holdout; absent where nothing was measured. */
  readonly measured?: MetricValues;
}

export interface SimulationResult {
  readonly scenario: Scenario;
  readonly outcome: 'completed' | 'aborted';
  readonly reason: string;
  readonly rounds: readonly SimulatedRound[];
  /** Every opened sum was exact, and none was opened for an abandoned round. */
  readonly exact: boolean;
  readonly virtualMillis: number;
  /** Of the last model that was published, in hexadecimal; undefined when none was. */
  readonly modelHash: string | undefined;
  /** Signature checks of all parties, which share the answers for the same bytes. */
  readonly verifications: Verifications;
  /** Agreements by X25519, and keys derived by HKDF: what one of a pair computed is given to the other, unless `sharing` says otherwise. */
  readonly agreements: Verifications;
  readonly derivations: Verifications;
}

// A round of the largest cohort takes some thousands of happenings for each member.
const happeningsMax = 50_000_000;
const restartMillis = 1000;

const ownPorts = (): SimulationPorts => ({ crypto: nodeCrypto, codec: sessionCodec, kernels: chooseKernels() });

/**
 * Run a scenario in which nothing is learned: the production machines of all parties, in virtual time, over links without sockets.
 * Same scenario, same seed: the same result, bit for bit.
 *
 * @throws `invalid-argument` for a scenario that does not hold, or has `train`; `internal` if the machines come to rest without an end.
 */
export function simulate(input: ScenarioInput, ports: SimulationPorts = ownPorts()): SimulationResult {
  const scenario = checkScenario(input);
  if (scenario.train !== undefined) {
    throw new FederatedError('invalid-argument', `scenario ${scenario.name} trains, which takes threads`, {
      fix: 'Call simulateTraining.',
    });
  }
  return simulateWorld(foundConsortium(scenario, ports));
}

export interface TrainingOptions extends SimulationObserver {
  readonly ports?: SimulationPorts;
  /** Threads that train; as many as the machine has processors unless said. They change nothing of the result. */
  readonly workers?: number;
  /** Only this engine. */
  readonly engine?: EngineName;
  /** What trains, and why. */
  readonly onEngine?: (description: EngineDescription) => void;
}

/**
 * Run a scenario with `train`: as {@link simulate}, and participants train a model on their share of the data. On one engine and one class
 * of processors the same scenario and seed give the same models bit for bit, with any number of workers.
 *
 * @throws as {@link simulate}; `invalid-argument` when the data is not here or cannot be dealt out so; `unavailable` when the engine does
 *   not load.
 */
export async function simulateTraining(input: ScenarioInput, options: TrainingOptions = {}): Promise<SimulationResult> {
  const { ports = ownPorts(), workers = availableParallelism(), engine, onEngine } = options;
  const scenario = checkScenario(input);
  if (scenario.train === undefined) return simulateWorld(foundConsortium(scenario, ports), options);
  const task = await loadTask(ports.crypto, scenario, scenario.train);
  const { training, holdout, model } = task;
  const tensors = model.tensors.map(({ name, shape }) => ({ name, shape }));
  const pool = await TrainingPool.open(workers, { topology: model.topology, tensors, training, holdout, engine });
  try {
    onEngine?.(pool.description);
    const world = foundConsortium(scenario, ports, { task, pool });
    return await simulateTrainingWorld(world, options);
  } finally {
    await pool.close();
  }
}

/** Called as it happens. */
export interface SimulationObserver {
  /** A group's sum as it was packed; the caller may keep it. */
  readonly onSum?: (round: number, group: number, sum: Uint8Array) => void;
  /** What the coordinator would journal. */
  readonly onRecord?: (record: CoordinationRecord) => void;
  readonly onRound?: (round: SimulatedRound) => void;
}

/** Run a consortium that was founded elsewhere, with an engine of one's own that needs no time. @throws as {@link simulate}. */
export function simulateWorld(world: World, observer: SimulationObserver = {}): SimulationResult {
  return new Simulation(world, observer).run();
}

/** The same with an engine whose training or measuring is waited for. */
export function simulateTrainingWorld(world: World, observer: SimulationObserver = {}): Promise<SimulationResult> {
  return new Simulation(world, observer).runWaiting();
}

class Simulation {
  readonly #world: World;
  readonly #coordinator: VirtualCoordinator;
  readonly #participants: ReadonlyMap<string, VirtualParticipant>;
  readonly #traffic = new TrafficCounter();
  readonly #verified: SharedVerifications;
  readonly #agreed: SharedAgreements;
  /** Participant → its update in the newest round that it masked one for. */
  readonly #updates = new Map<string, { readonly round: number; readonly lanes: readonly Int32Array[] }>();
  readonly #rounds: SimulatedRound[] = [];
  readonly #observer: SimulationObserver;
  #measured: { readonly round: number; readonly metrics: MetricValues } | undefined;
  #modelHash: string | undefined;
  #opened: { readonly round: number; readonly exact: boolean; readonly lanes: number } | undefined;
  #finished: { readonly outcome: 'completed' | 'aborted'; readonly reason: string } | undefined;

  constructor(founded: World, observer: SimulationObserver) {
    this.#observer = observer;
    this.#verified = new SharedVerifications(founded.crypto);
    this.#agreed = new SharedAgreements(this.#verified.crypto, founded.sharing);
    const world = { ...founded, crypto: this.#agreed.crypto };
    this.#world = world;
    const { scenario, seats } = world;
    const links = {
      toCoordinator: (event: Parameters<VirtualCoordinator['take']>[0]) => {
        if (event.type === 'message') this.#traffic.count(event.message);
        this.#after(scenario.link.latencyMillis, () => this.#coordinator.take(event));
      },
      toParticipant: (participantId: string, event: Parameters<VirtualParticipant['take']>[0]) =>
        this.#after(scenario.link.latencyMillis, () => this.#participants.get(participantId)!.take(event)),
    };
    this.#coordinator = new VirtualCoordinator(world, {
      ...links,
      sent: (message) => this.#traffic.count(message),
      opened: (opened) => {
        observer.onSum?.(opened.round, opened.group, opened.sum);
        this.#compare(opened);
      },
      measured: (measured) => {
        this.#measured = measured;
      },
      journal: (record) => observer.onRecord?.(record),
      report: (progress) => {
        if (progress.type === 'round-ended') this.#endRound(progress.record);
        if (progress.type === 'finished') this.#finished = { outcome: progress.outcome, reason: progress.reason };
      },
    });
    const participantLinks = {
      ...links,
      upload: (seat: Seat, _round: number, vector: Uint8Array, portion: number) => this.#upload(seat, vector, portion),
      masked: (seat: Seat, round: number, lanes: readonly Int32Array[]) =>
        this.#updates.set(seat.participantId, { round, lanes }),
      died: (seat: Seat, step: DropStep) => this.#died(seat, step),
    };
    const leaving = dropouts(world.crypto, scenario);
    this.#participants = new Map(
      seats.map((seat, i) => [
        seat.participantId,
        new VirtualParticipant(world, seat, participantLinks, leaving.get(i + 1) ?? new Map()),
      ]),
    );
  }

  /** @throws `internal` when something has to be waited for. */
  run(): SimulationResult {
    this.#start();
    for (const happening of this.#happenings()) {
      if (happening() !== undefined)
        throw new FederatedError('internal', 'an engine that trains was run without waiting');
    }
    return this.#result();
  }

  async runWaiting(): Promise<SimulationResult> {
    this.#start();
    for (const happening of this.#happenings()) {
      const pending = happening();
      if (pending !== undefined) await pending;
    }
    return this.#result();
  }

  #start(): void {
    this.#after(0, () => this.#coordinator.take({ type: 'start', wallMillis: 0 }));
    for (const seat of this.#world.seats) this.#connect(seat);
  }

  /** One after the other, until the run is over. */
  *#happenings(): Generator<Happening> {
    for (let count = 0; count < happeningsMax && this.#finished === undefined; count++) {
      const happening = this.#world.time.next();
      if (happening === undefined) return;
      yield happening;
    }
  }

  #result(): SimulationResult {
    const { scenario, time } = this.#world;
    if (this.#finished === undefined) {
      throw new FederatedError(
        'internal',
        `scenario ${scenario.name} came to rest after ${this.#rounds.length} rounds`,
        {
          detail: { virtualMillis: time.now, waiting: time.waiting },
        },
      );
    }
    const exact = this.#rounds.every(
      (round) => round.exact === (round.outcome.type === 'abandoned' ? undefined : true),
    );
    const { counts: verifications } = this.#verified;
    const { agreements, derivations } = this.#agreed;
    const shared = { verifications, agreements, derivations };
    return {
      scenario,
      ...this.#finished,
      rounds: this.#rounds,
      exact,
      virtualMillis: time.now,
      modelHash: this.#modelHash,
      ...shared,
    };
  }

  #connect({ participantId, organization }: Seat): void {
    this.#after(0, () => {
      const participant = this.#participants.get(participantId)!;
      this.#coordinator.take({ type: 'check-in', participant: participantId, organization });
      if (participant.alive) participant.take({ type: 'connected' });
      else participant.restart();
    });
  }

  /** Its process is started again when the round is over; one that still has to reveal after two steps' time, for the sum waits for it. */
  #died(seat: Seat, step: DropStep): void {
    const { participantId } = seat;
    const participant = this.#participants.get(participantId)!;
    const { life } = participant;
    this.#after(0, () => this.#coordinator.take({ type: 'disconnected', participant: participantId }));
    if (step !== 'reveal') return;
    this.#after(2 * this.#world.plan.deadlines.stepMillis, () => {
      if (!participant.alive && participant.life === life) this.#connect(seat);
    });
  }

  /** Bytes arrive at the link's rate; a broken upload says how far it came. */
  #upload({ participantId }: Seat, vector: Uint8Array, portion: number): void {
    const { link } = this.#world.scenario;
    const bytesExpected = vector.length;
    const bytesReceived = Math.floor(bytesExpected * portion);
    this.#traffic.add('masked vector', bytesReceived);
    this.#after(link.latencyMillis + (1000 * bytesReceived) / link.uploadBytesPerSecond, () => {
      if (portion === 1) return this.#coordinator.receive(participantId, vector);
      this.#coordinator.take({ type: 'upload-broken', participant: participantId, bytesReceived, bytesExpected });
    });
  }

  /** Every group's sum beside the integer sum of its survivors' updates. */
  #compare({ round, survivors, lanes }: OpenedOfRound): void {
    const before = this.#opened?.round === round ? this.#opened : { exact: true, lanes: 0 };
    const updates = survivors.map((participantId) => this.#updates.get(participantId));
    const exact = lanes.every((segment, s) => {
      const truth = new Float64Array(segment.length);
      for (const update of updates) {
        if (update?.round !== round) return false;
        const own = update.lanes[s]!;
        for (let i = 0; i < truth.length; i++) truth[i]! += own[i]!;
      }
      return segment.every((lane, i) => lane === truth[i]);
    });
    const compared = lanes.reduce((sum, segment) => sum + segment.length, before.lanes);
    this.#opened = { round, exact: exact && before.exact, lanes: compared };
  }

  #endRound(record: RoundRecord): void {
    const opened = this.#opened?.round === record.round ? this.#opened : undefined;
    const measured = this.#measured?.round === record.round ? { measured: this.#measured.metrics } : {};
    const sum = { exact: opened?.exact, lanes: opened?.lanes ?? 0 };
    const virtualMillis = this.#world.time.now;
    const round: SimulatedRound = { ...record, ...sum, traffic: this.#traffic.take(), virtualMillis, ...measured };
    this.#rounds.push(round);
    this.#opened = undefined;
    if (record.outcome.type === 'published') this.#modelHash = toHex(record.outcome.modelHash);
    this.#observer.onRound?.(round);
    this.#endWhenGood(round);
    for (const { seat, alive } of this.#participants.values()) {
      if (!alive) this.#after(restartMillis, () => this.#connect(seat));
    }
  }

  #endWhenGood({ measured }: SimulatedRound): void {
    const wanted = this.#world.scenario.train?.until?.accuracy;
    const accuracy = measured?.accuracy;
    if (wanted === undefined || accuracy === undefined || accuracy < wanted) return;
    this.#finished ??= { outcome: 'completed', reason: `an accuracy of ${wanted} was reached` };
  }

  #after(afterMillis: number, happen: () => void): void {
    this.#world.time.schedule(afterMillis, happen);
  }
}
